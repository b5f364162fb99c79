import { describe, expect, it } from 'vitest';
import { readOptions, UsageError } from '../../../../local/stand/options.ts';

describe('the command line', () => {
  it('has a default for everything', () => {
    expect(readOptions([])).toEqual({
      once: false,
      seed: 1,
      port: 7071,
      basePort: 8440,
      directory: '.stand',
      settings: 'local.settings.json',
      json: false,
      help: false,
    });
  });

  it('takes every option', () => {
    const args =
      '--once --report r.json --seed 7 --fault target.lies --port 0 --base-port 0 --directory d --settings s';
    expect(readOptions(args.split(' '))).toMatchObject({
      ...{ once: true, report: 'r.json', seed: 7, fault: 'target.lies', port: 0, basePort: 0 },
      ...{ directory: 'd', settings: 's' },
    });
  });

  it.each([
    [['--fault', 'nonsense'], '--fault nonsense: there are issuer.wrong-key and target.lies'],
    [['--fault', 'constructor'], '--fault constructor'],
    [['--seed', 'x'], '--seed x: write a whole number'],
    [['--seed', '-1'], "'--seed' argument is ambiguous"],
    [['--seed', ''], '--seed : write a whole number'],
    [['--port', '70000'], '--port 70000: write a whole number from 0 to 65535'],
    [['--base-port', '1e3'], '--base-port 1e3'],
    [['--only', 'moon'], '--only moon'],
    [['--bogus'], "Unknown option '--bogus'"],
    [['extra'], "Unexpected argument 'extra'"],
  ])('%j is refused: %s', (args, problem) => {
    expect(() => readOptions(args)).toThrow(UsageError);
    expect(() => readOptions(args)).toThrow(problem);
  });
});
