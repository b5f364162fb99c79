import type { Target } from '../plan/targets/target.ts';

/**
 * What Azure Resource Manager takes of one principal in one subscription and region: a bucket of writes that fills up again
 * (request limits and throttling, 2024). What goes beyond is refused with 429, which costs more time than waiting does.
 */
const BURST = 200;
const PER_SECOND = 10;

/** Writes that a subscription still takes at a moment; below zero: as many have been promised already. */
interface Bucket {
  readonly writes: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** The buckets of a rollout by subscription; one that is not there is full. */
export interface Pace {
  /** Of what Resource Manager takes: others write as well. */
  readonly percent: number;
  readonly buckets: Readonly<Record<string, Bucket>>;
}

/** What a group of targets is told: from when, how fast, and how many writes of each subscription may go at once. */
export interface GroupPace {
  /** ISO 8601. */
  readonly from: string;
  readonly perSecond: number;
  readonly writes: Readonly<Record<string, number>>;
}

/** How many writes something takes, by subscription. */
type Writes = Readonly<Record<string, number>>;

export function fullPace(percent: number): Pace {
  return { percent, buckets: {} };
}

/** Gives groups that start at the same moment their share of the buckets, one after the other. */
export function paced<G extends { readonly writes: Writes }>(
  pace: Pace,
  groups: readonly G[],
  now: Date,
): { readonly pace: Pace; readonly paces: readonly GroupPace[] } {
  const perSecond = (PER_SECOND * pace.percent) / 100;
  const buckets = new Map(Object.entries(pace.buckets));
  const paces = groups.map(({ writes }) => {
    const own = Object.entries(writes).map(([subscription, count]) => {
      const left = refilled(buckets.get(subscription), pace.percent, now);
      buckets.set(subscription, { writes: left - count, at: now.getTime() });
      return [subscription, left] as const;
    });
    return { from: now.toISOString(), perSecond, writes: Object.fromEntries(own) };
  });
  return { pace: { ...pace, buckets: Object.fromEntries(buckets) }, paces };
}

function refilled(bucket: Bucket | undefined, percent: number, now: Date): number {
  const burst = (BURST * percent) / 100;
  if (bucket === undefined) return burst;
  const seconds = Math.max(0, now.getTime() - bucket.at) / 1000;
  return Math.min(burst, bucket.writes + (seconds * PER_SECOND * percent) / 100);
}

/**
 * When each target of a group may start, ISO 8601; `undefined`: at once. Targets without a subscription are not Resource
 * Manager's, and wait for nobody.
 */
export function startsOf(
  subscriptions: readonly (string | undefined)[],
  { from, perSecond, writes }: GroupPace,
): readonly (string | undefined)[] {
  const used = new Map<string, number>();
  return subscriptions.map((subscription) => {
    if (subscription === undefined) return undefined;
    const place = (used.get(subscription) ?? 0) + 1;
    used.set(subscription, place);
    const seconds = (place - (writes[subscription] ?? 0)) / perSecond;
    return seconds <= 0 ? undefined : new Date(Date.parse(from) + Math.ceil(seconds * 1000)).toISOString();
  });
}

const SUBSCRIPTION = /^\/subscriptions\/([^/]+)\//i;

/** Whichever of its members is an ARM id says it; `undefined`: Resource Manager is not asked for it. */
export function subscriptionOf(target: Target): string | undefined {
  for (const value of Object.values(target) as readonly unknown[]) {
    const id = typeof value === 'string' ? SUBSCRIPTION.exec(value)?.[1] : undefined;
    if (id !== undefined) return id.toLowerCase();
  }
  return undefined;
}
