import { parseArgs } from 'node:util';
import { type FaultName, faultNames } from './faults/catalogue.ts';
import type { Mode } from './run-seed.ts';

export interface Options {
  readonly seeds: number;
  /** The first seed. */
  readonly from: number;
  /** One seed alone. */
  readonly seed?: number;
  readonly trace: boolean;
  readonly mode?: Mode;
  /** The kinds of faults in force, instead of those that each seed chooses. */
  readonly kinds?: ReadonlySet<FaultName>;
  readonly jobs: number;
  /** Where the report goes as JSON. */
  readonly report?: string;
  readonly action: 'run' | 'invariants' | 'faults' | 'mutants';
  /** A change of the product that the simulation should find. */
  readonly patch?: string;
  /** In a child: the report goes to the parent. */
  readonly isPart: boolean;
  /** Ends at the first violation. */
  readonly bail: boolean;
}

export class OptionError extends Error {
  override readonly name = 'OptionError';
}

export const usage = `Deterministic simulation of the pipeline.
  --seeds N [--from S]   lives through N seeds (200), two processes at a time (--jobs N)
  --seed S [--trace]     lives through one; the trace is the same, byte by byte, each time
  --mode safety|liveness instead of both by turns (liveness: faults stop, and all that is due is renewed within 48 hours)
  --faults a,b,c         the kinds of faults in force, instead of the seed's choice; "none" for a calm world
  --invariants           what is checked after every step; --fault-list what can go wrong
  --mutants              breaks the product on purpose, patch by patch, and tells whether that is found
  --patch FILE           the same with a patch of your own (made at the project's root, as git diff does)
  --report FILE          JSON`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
      mode: { type: 'string' },
      faults: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      report: { type: 'string' },
      patch: { type: 'string' },
      invariants: { type: 'boolean', default: false },
      'fault-list': { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      part: { type: 'boolean', default: false },
      bail: { type: 'boolean', default: false },
    },
  });
  const { mode, faults, seed, report, patch } = values;
  if (mode !== undefined && mode !== 'safety' && mode !== 'liveness')
    throw new OptionError('--mode: safety or liveness');
  return {
    seeds: count('seeds', values.seeds),
    from: count('from', values.from),
    jobs: count('jobs', values.jobs),
    ...(seed !== undefined && { seed: count('seed', seed) }),
    ...(mode !== undefined && { mode }),
    ...(faults !== undefined && { kinds: kindsOf(faults) }),
    ...(report !== undefined && { report }),
    ...(patch !== undefined && { patch }),
    trace: values.trace,
    isPart: values.part,
    bail: values.bail,
    action: values.invariants ? 'invariants' : values['fault-list'] ? 'faults' : values.mutants ? 'mutants' : 'run',
  };
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new OptionError(`--${name}: a number from 1 on`);
  return number;
}

/** `a,b,c` or `none`. Throws an OptionError that names what there is not. */
export function kindsOf(text: string): ReadonlySet<FaultName> {
  const named = text === 'none' ? [] : text.split(',');
  const unknown = named.filter((name) => !(faultNames as readonly string[]).includes(name));
  if (unknown.length > 0) throw new OptionError(`--faults: there is no ${unknown.join(', ')}; see --fault-list`);
  return new Set(named as FaultName[]);
}
