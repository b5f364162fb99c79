import type { Clock } from '../../src/clock.ts';

export type Operation = 'reads' | 'writes' | 'deletes';

/** A token bucket: how many requests at once, and how many more each second. */
export interface Bucket {
  readonly burst: number;
  readonly perSecond: number;
}

/** Of one principal in one subscription and region. */
export type ArmLimits = Readonly<Record<Operation, Bucket>>;

/** As documented since 2024. */
export const armLimits: ArmLimits = {
  reads: { burst: 250, perSecond: 25 },
  writes: { burst: 200, perSecond: 10 },
  deletes: { burst: 200, perSecond: 10 },
};

/** All principals of a subscription together have so many times the bucket of one. */
export const PRINCIPALS_TOGETHER = 15;

/** One token that a request needs. */
export interface Toll {
  /** Whose limit it is, e.g. `UpdateVMResource`. */
  readonly policy: string;
  /** Which of the policy's buckets: a principal's, a resource's, a subscription's. */
  readonly key: string;
  readonly bucket: Bucket;
}

export type Taken =
  | { readonly state: 'taken'; readonly remaining: readonly number[] }
  | { readonly state: 'empty'; readonly toll: Toll; readonly retryAfterSeconds: number };

export function operationOf(method: string): Operation {
  if (method === 'GET' || method === 'HEAD') return 'reads';
  return method === 'DELETE' ? 'deletes' : 'writes';
}

/** Takes one token for each toll, or, where one bucket is empty, none at all. */
export function createThrottle(clock: Clock): (tolls: readonly Toll[]) => Taken {
  const levels = new Map<string, { tokens: number; at: number }>();

  const levelOf = ({ policy, key, bucket }: Toll, now: number): number => {
    const level = levels.get(`${policy} ${key}`);
    if (level === undefined) return bucket.burst;
    return Math.min(bucket.burst, level.tokens + ((now - level.at) / 1000) * bucket.perSecond);
  };

  return (tolls) => {
    const now = clock.now().getTime();
    const held = tolls.map((toll) => levelOf(toll, now));
    const lacking = held.findIndex((tokens) => tokens < 1);
    const toll = tolls[lacking];
    if (toll !== undefined) {
      const seconds = (1 - (held[lacking] ?? 0)) / toll.bucket.perSecond;
      return { state: 'empty', toll, retryAfterSeconds: Math.max(1, Math.ceil(seconds)) };
    }
    const remaining = held.map((tokens) => tokens - 1);
    for (const [index, { policy, key }] of tolls.entries())
      levels.set(`${policy} ${key}`, { tokens: remaining[index] ?? 0, at: now });
    return { state: 'taken', remaining: remaining.map(Math.floor) };
  };
}
