import { parseArgs } from 'node:util';
import { entries } from './table.ts';

export interface Options {
  readonly inputs: number;
  readonly seed: number;
  readonly jobs: number;
  /** Names of entries; all when empty. */
  readonly only: readonly string[];
  /** One input alone: it is shown and tried in this process. */
  readonly index?: number;
  readonly action: 'run' | 'list' | 'make-corpus' | 'part';
  /** Of a part: its number, where it goes on, and the folder in which it tells how far it is. */
  readonly part: number;
  readonly from: number;
  readonly directory: string;
}

export class OptionError extends Error {
  override readonly name = 'OptionError';
}

export const usage = `Gives broken inputs to everything that reads the bytes of others.
  --inputs N             in all (100,000), shared out among the entries
  --seed S               the same seed gives the same inputs (1)
  --jobs N               processes (2)
  --only a,b             these entries alone
  --only a --index I     one input: shown in hex, and tried
  --list                 the entries
  --make-corpus          new honest inputs, for test/fuzz/corpus.json`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '2' },
      only: { type: 'string', default: '' },
      index: { type: 'string' },
      list: { type: 'boolean', default: false },
      'make-corpus': { type: 'boolean', default: false },
      part: { type: 'string' },
      from: { type: 'string', default: '0' },
      directory: { type: 'string', default: '.' },
    },
  });
  const { index, part, list, directory } = values;
  const only = values.only === '' ? [] : values.only.split(',');
  const unknown = only.filter((name) => !entries.some((entry) => entry.name === name));
  if (unknown.length > 0) throw new OptionError(`--only: there is no ${unknown.join(', ')}; see --list`);
  if (index !== undefined && only.length !== 1) throw new OptionError('--index: name its entry with --only');
  return {
    inputs: count('inputs', values.inputs, 1),
    seed: count('seed', values.seed, 0),
    jobs: count('jobs', values.jobs, 1),
    only,
    ...(index !== undefined && { index: count('index', index, 0) }),
    action: values['make-corpus'] ? 'make-corpus' : list ? 'list' : part === undefined ? 'run' : 'part',
    part: count('part', part ?? '0', 0),
    from: count('from', values.from, 0),
    directory,
  };
}

function count(name: string, text: string, least: number): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least) throw new OptionError(`--${name}: a number from ${least} on`);
  return number;
}
