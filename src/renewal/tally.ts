import type { RenewalResult, TargetResult } from './story.ts';

/** How many targets ended how. */
export interface TargetCounts {
  readonly total: number;
  /** Last seen serving the new version. */
  readonly verified: number;
  /** Changed, or perhaps changed. */
  readonly touched: number;
  readonly rolledBack: number;
}

/** What a rollout, or a group of it, tells of its targets: every one is counted, and some are told of. */
export interface Tally {
  readonly counts: TargetCounts;
  readonly results: readonly TargetResult[];
}

/** A renewal tells of at most so many targets; every one of them is in the journal and in its row. */
export const TOLD = 100;

export const emptyTally: Tally = { counts: { total: 0, verified: 0, touched: 0, rolledBack: 0 }, results: [] };

/** Counts every result, and tells of `most`, or of as many that are not verified: the most urgent first. */
export function tallyOf(results: readonly TargetResult[], most: number | 'all'): Tally {
  const count = (is: (result: TargetResult) => boolean | undefined) => results.filter(is).length;
  const counts = {
    total: results.length,
    verified: count(({ verified }) => verified),
    touched: count(({ touched }) => touched),
    rolledBack: count(({ rolledBack }) => rolledBack),
  };
  if (most === 'all') return { counts, results };
  const unverified = results.filter(({ verified }) => !verified);
  return { counts, results: byUrgency(unverified).slice(0, most) };
}

/** Of all targets of a renewal, also of one whose result lists them all and counts none. */
export function countsOf({ counts, targets }: Pick<RenewalResult, 'counts' | 'targets'>): TargetCounts {
  return counts ?? tallyOf(targets, 'all').counts;
}

export function sum(tallies: readonly Tally[]): Tally {
  const add = (name: keyof TargetCounts) => tallies.reduce((total, { counts }) => total + counts[name], 0);
  const [total, verified, touched, rolledBack] = [add('total'), add('verified'), add('touched'), add('rolledBack')];
  return { counts: { total, verified, touched, rolledBack }, results: told(tallies.flatMap(({ results }) => results)) };
}

/** How many results each of so many groups tells, so that all of them together stay small. */
export function toldByEach(targets: number, groups: number): number | 'all' {
  return targets <= TOLD ? 'all' : Math.max(5, Math.floor(TOLD / groups));
}

/** As many as a renewal tells of. Those of a small rollout stay in their order. */
export function told(results: readonly TargetResult[]): readonly TargetResult[] {
  return results.length <= TOLD ? results : byUrgency(results).slice(0, TOLD);
}

function byUrgency(results: readonly TargetResult[]): readonly TargetResult[] {
  return [...results].sort((one, other) => urgency(one) - urgency(other));
}

function urgency({ verified, rolledBack, isOnLastGood }: TargetResult): number {
  if (rolledBack === false) return isOnLastGood ? 1 : 0;
  return verified ? 3 : 2;
}
