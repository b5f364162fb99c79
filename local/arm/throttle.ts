import type { Clock } from '../../src/clock.ts';

export type Operation = 'reads' | 'writes' | 'deletes';

/** A token bucket: how many requests at once, and how many more each second. */
export interface Bucket {
  readonly burst: number;
  readonly perSecond: number;
}

/** Per region, subscription, principal and kind of operation, as documented since 2024. */
export const armLimits: Readonly<Record<Operation, Bucket>> = {
  reads: { burst: 250, perSecond: 25 },
  writes: { burst: 200, perSecond: 10 },
  deletes: { burst: 200, perSecond: 10 },
};

export type Taken =
  | { readonly state: 'taken'; readonly remaining: number }
  | { readonly state: 'empty'; readonly retryAfterSeconds: number };

export function operationOf(method: string): Operation {
  if (method === 'GET' || method === 'HEAD') return 'reads';
  return method === 'DELETE' ? 'deletes' : 'writes';
}

/** Answers with a function that takes one token out of the bucket of `key`. */
export function createThrottle(clock: Clock, limits: Readonly<Record<Operation, Bucket>> = armLimits) {
  const levels = new Map<string, { tokens: number; at: number }>();

  return (key: string, operation: Operation): Taken => {
    const { burst, perSecond } = limits[operation];
    const now = clock.now().getTime();
    const level = levels.get(`${operation} ${key}`) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, level.tokens + ((now - level.at) / 1000) * perSecond);
    const isEmpty = tokens < 1;
    levels.set(`${operation} ${key}`, { tokens: isEmpty ? tokens : tokens - 1, at: now });
    return isEmpty
      ? { state: 'empty', retryAfterSeconds: Math.max(1, Math.ceil((1 - tokens) / perSecond)) }
      : { state: 'taken', remaining: Math.floor(tokens - 1) };
  };
}
