import { describe, expect, it } from 'vitest';
import { faultNames } from '../../../../local/faults/catalogue.ts';
import { alone, readOptions, UsageError, usage } from '../../../../local/stand/options.ts';

describe('readOptions', () => {
  it('has a default for everything', () => {
    expect(readOptions([])).toEqual({
      ...{ once: false, json: false, help: false, seed: 1, port: 7071, basePort: 8440 },
      ...{ app: '.', directory: '.stand', settings: 'local.settings.json' },
    });
  });

  it.each(Object.keys(alone))('knows --only %s, and says so in its help', (name) => {
    expect(readOptions(['--only', name])).toMatchObject({ only: name });
    expect(usage).toContain(` ${name} `);
  });

  it.each(faultNames)('knows --fault %s, and says so in its help and when a name is wrong', (name) => {
    expect(readOptions(['--fault', name])).toMatchObject({ fault: name });
    expect(usage).toContain(` ${name}`);
    expect(() => readOptions(['--fault', 'moon'])).toThrow(` ${name}`);
  });

  it('knows a fault by its former name', () => {
    expect(readOptions(['--fault', 'issuer.wrong-key'])).toMatchObject({ fault: 'ca.wrong-key' });
  });

  it('takes a seed for passing faults, also for one emulator alone', () => {
    expect(readOptions(['--only', 'vault', '--faults', '7'])).toMatchObject({ faults: 7 });
  });

  it('takes a fleet, with a fault of its own', () => {
    expect(readOptions(['--fleet', '500'])).toMatchObject({ fleet: 500 });
    expect(readOptions(['--fleet', '12', '--fault', 'canary'])).toMatchObject({ fleet: 12, fleetFault: 'canary' });
  });

  it.each([
    [['--fleet', '0'], '--fleet 0: there is nothing to renew'],
    [['--fleet', '5001'], '--fleet 5001: write a whole number from 0 to 5000'],
    [['--fleet', 'all'], '--fleet all: write a whole number'],
    [['--fleet', '12', '--fault', 'kv.429'], '--fault kv.429: with --fleet there are canary, off'],
    [['--fault', 'canary'], '--fault canary: there are'],
    [['--fleet', '12', '--only', 'arm'], '--fleet: with --only there are no machines'],
    [['--only', 'mail'], '--only mail: there are vault, identity, arm, storage, events'],
    [['--only', 'toString'], '--only toString'],
    [['--fault', 'moon'], '--fault moon: there are'],
    [['--faults', 'abc'], '--faults abc: write a whole number from 0 to 2147483648'],
    [['--only', 'vault', '--fault', 'kv.429'], '--fault kv.429: it befalls a renewal, and with --only there is none'],
    [['--port', '65536'], '--port 65536: write a whole number from 0 to 65535'],
    [['--port', '8471'], '--port 8471: the stand takes 8440 to 8499'],
    [['--seed', '-1'], 'seed'],
    [['--colour'], '--colour'],
  ])('refuses %j by naming it', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
