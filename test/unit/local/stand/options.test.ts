import { describe, expect, it } from 'vitest';
import { alone, readOptions, UsageError, usage } from '../../../../local/stand/options.ts';

describe('readOptions', () => {
  it('has a default for everything', () => {
    expect(readOptions([])).toEqual({
      ...{ once: false, json: false, help: false, seed: 1, port: 7071, basePort: 8440 },
      ...{ directory: '.stand', settings: 'local.settings.json' },
    });
  });

  it.each(Object.keys(alone))('knows --only %s, and says so in its help', (name) => {
    expect(readOptions(['--only', name])).toMatchObject({ only: name });
    expect(usage).toContain(` ${name} `);
  });

  it.each([
    [['--only', 'mail'], '--only mail: there are vault, identity, arm, storage, events'],
    [['--only', 'toString'], '--only toString'],
    [['--fault', 'moon'], '--fault moon: there are issuer.wrong-key and target.lies'],
    [['--port', '65536'], '--port 65536: write a whole number from 0 to 65535'],
    [['--port', '8471'], '--port 8471: the stand takes 8440 to 8499'],
    [['--seed', '-1'], 'seed'],
    [['--colour'], '--colour'],
  ])('refuses %j by naming it', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(message);
  });
});
