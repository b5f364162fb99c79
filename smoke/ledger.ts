import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunName } from './names.ts';

/** Something a run has made or changed, with what it takes to undo it. */
export type Act =
  | { readonly do: 'estate'; readonly run: string; readonly original: string; readonly writtenSha256: string }
  | { readonly do: 'certificate'; readonly vault: string; readonly name: string }
  | { readonly do: 'site-certificate'; readonly id: string }
  | {
      readonly do: 'binding';
      readonly id: string;
      /** The run's certificate resource: a binding that shows another one by then belongs to somebody else. */
      readonly certificate: string;
      readonly was: { readonly sslState: string; readonly thumbprint: string | null };
    }
  | { readonly do: 'renewals'; readonly vault: string; readonly certificates: readonly string[] };

/**
 * What has to be undone, in a file, so that an end in the middle leaves nothing unknown. Written before each act: an act
 * that was written and not done is undone without harm.
 */
export interface Ledger {
  readonly run: string;
  remember(act: Act): void;
  /** Takes an act out, once it is undone. The file goes with the last one. */
  forget(act: Act): void;
  /** What is still there, the newest first. */
  left(): readonly Act[];
}

interface Line {
  readonly number: number;
  readonly act?: Act;
}

const ENDING = '.ledger';

/** Opens the ledger of a run, with whatever is in it. */
export function openLedger(directory: string, run: string): Ledger {
  const file = join(directory, `${run}${ENDING}`);
  const acts = new Map<number, Act>();
  let last = 0;
  for (const { number, act } of linesOf(file)) {
    last = Math.max(last, number);
    if (act === undefined) acts.delete(number);
    else acts.set(number, act);
  }
  const write = (line: Line): void => {
    mkdirSync(directory, { recursive: true });
    appendFileSync(file, `${JSON.stringify(line)}\n`, { flush: true, mode: 0o600 });
  };
  return {
    run,
    remember(act) {
      last += 1;
      write({ number: last, act });
      acts.set(last, act);
    },
    forget(act) {
      const found = [...acts].find(([, one]) => one === act);
      if (found === undefined) return;
      acts.delete(found[0]);
      if (acts.size === 0) rmSync(file, { force: true });
      else write({ number: found[0] });
    },
    left: () => [...acts.values()].reverse(),
  };
}

/** The runs that have left a ledger. */
export function ledgersIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith(ENDING));
  return names.map((name) => name.slice(0, -ENDING.length)).filter(isRunName);
}

/** A last line that was cut off by the end of the process was never acted upon. */
function linesOf(file: string): readonly Line[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Line];
    } catch (error) {
      if (index === lines.length - 1) return [];
      throw error;
    }
  });
}
