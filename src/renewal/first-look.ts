import type { Target } from '../plan/targets/target.ts';
import type { TargetResult } from './story.ts';

/** Seconds from a deployment to its first look, by kind of target: what the waves before have shown. */
export type FirstLooks = Readonly<Partial<Record<Target['kind'], number>>>;

/** So many of the targets of a wave shall be done when they are looked at first: the others cost another look each. */
const SHARE = 0.75;
/** Looks are no closer than this, and a target that was seen within it of the first look was seen by the first one. */
const CLOSEST_SECONDS = 5;
/** Whether they were done sooner than the first look, only a sooner look can tell. */
const SOONER = 0.8;
/** A change that goes on for long is not missed by looking less often. */
const SHARE_OF_WAIT = 1 / 8;

/** When the next wave shall be looked at first, from how long the targets of a group took. */
export function firstLooksOf(results: readonly TargetResult[], known: FirstLooks = {}): FirstLooks {
  const seconds = new Map<Target['kind'], number[]>();
  for (const { kind, seenAfterSeconds } of results)
    if (seenAfterSeconds !== undefined) seconds.set(kind, [...(seconds.get(kind) ?? []), seenAfterSeconds]);
  return Object.fromEntries([...seconds].map(([kind, all]) => [kind, firstLook(all, known[kind])]));
}

function firstLook(seconds: readonly number[], known: number | undefined): number {
  const sorted = [...seconds].sort((one, other) => one - other);
  const most = sorted[Math.ceil(sorted.length * SHARE) - 1] ?? 0;
  const bySecondLook = known === undefined || most >= known + CLOSEST_SECONDS;
  return bySecondLook ? most : Math.floor(known * SOONER);
}

/** Of groups that were at work side by side the slowest counts; what none of them has shown stays as it was known. */
export function laterLooks(known: FirstLooks, groups: readonly (FirstLooks | undefined)[]): FirstLooks {
  const latest: Partial<Record<Target['kind'], number>> = {};
  for (const group of groups)
    for (const [kind, seconds] of Object.entries(group ?? {}) as [Target['kind'], number][])
      latest[kind] = Math.max(latest[kind] ?? 0, seconds);
  return { ...known, ...latest };
}

/** Seconds to the next look at a change that has gone on for so many: never more than the plan's. */
export function nextLookSeconds(waitedSeconds: number, everySeconds: number): number {
  return Math.min(everySeconds, Math.max(CLOSEST_SECONDS, Math.ceil(waitedSeconds * SHARE_OF_WAIT)));
}
