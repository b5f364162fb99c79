import { runSeed, type SeedOptions } from './run-seed.ts';

/** More runs than this are not spent on one failure. */
const MOST_RUNS = 80;

/**
 * The least injections with which a seed still breaks the same invariant: leaves out halves, then smaller pieces, as long
 * as it still fails (delta debugging).
 */
export async function shrink(
  options: SeedOptions,
  invariant: string,
  injections: readonly string[],
): Promise<readonly string[]> {
  let left = [...injections];
  let runs = 0;
  const fails = async (kept: readonly string[]): Promise<boolean> => {
    runs += 1;
    const choice = { ...options.choice, allowed: new Set(kept) };
    const { violation } = await runSeed({ ...options, choice });
    return violation?.invariant === invariant;
  };
  if (await fails([])) return [];
  for (let size = Math.ceil(left.length / 2); size >= 1 && runs < MOST_RUNS; ) {
    const smaller = await withoutOnePiece(left, { size, fails, mayRun: () => runs < MOST_RUNS });
    if (smaller !== undefined) left = smaller;
    else if (size === 1) break;
    else size = Math.ceil(size / 2);
  }
  return left;
}

interface Trying {
  readonly size: number;
  readonly fails: (kept: readonly string[]) => Promise<boolean>;
  readonly mayRun: () => boolean;
}

async function withoutOnePiece(all: readonly string[], { size, fails, mayRun }: Trying): Promise<string[] | undefined> {
  for (let at = 0; at < all.length && mayRun(); at += size) {
    const kept = [...all.slice(0, at), ...all.slice(at + size)];
    if (kept.length < all.length && (await fails(kept))) return kept;
  }
  return undefined;
}
