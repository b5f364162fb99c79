import type { Clock } from '../../../src/clock.ts';
import { AcmeProblem } from './problem.ts';

/** So many in so many seconds. */
export interface Allowance {
  readonly count: number;
  readonly seconds: number;
}

export interface Quota {
  /** New orders of an account. */
  readonly orders: Allowance;
  /** Certificates for exactly the same names. */
  readonly sameNames: Allowance;
  /** Certificates for one registered domain. */
  readonly domain: Allowance;
  /** Failed validations of an account and a host. */
  readonly failures: Allowance;
}

const HOUR_SECONDS = 3600;
const WEEK_SECONDS = 7 * 24 * HOUR_SECONDS;

/** Those of Let's Encrypt, as published. */
export const usualQuota: Quota = {
  orders: { count: 300, seconds: 3 * HOUR_SECONDS },
  sameNames: { count: 5, seconds: WEEK_SECONDS },
  domain: { count: 50, seconds: WEEK_SECONDS },
  failures: { count: 5, seconds: HOUR_SECONDS },
};

export interface Limits {
  /** Seconds until there is room again, `undefined` when there is. */
  wait(kind: keyof Quota, key: string): number | undefined;
  count(kind: keyof Quota, key: string): void;
}

/** Counts in windows that slide. */
export function createLimits(clock: Pick<Clock, 'now'>, quota: Partial<Quota> = {}): Limits {
  const all: Quota = { ...usualQuota, ...quota };
  const counted = new Map<string, number[]>();
  const recent = (kind: keyof Quota, key: string): number[] => {
    const name = `${kind} ${key}`;
    const since = clock.now().getTime() - all[kind].seconds * 1000;
    const times = (counted.get(name) ?? []).filter((time) => time > since);
    counted.set(name, times);
    return times;
  };
  return {
    wait(kind, key) {
      const times = recent(kind, key);
      const oldest = times[times.length - all[kind].count];
      return oldest === undefined ? undefined : (oldest - clock.now().getTime()) / 1000 + all[kind].seconds;
    },
    count: (kind, key) => void recent(kind, key).push(clock.now().getTime()),
  };
}

/** The last two labels. The CA has a list of public suffixes for that. */
export const registeredDomain = (host: string): string => host.split('.').slice(-2).join('.');

/** As Let's Encrypt words it, with its link. */
export function rateLimited(what: string, headers: Readonly<Record<string, string>>): AcmeProblem {
  return new AcmeProblem('rateLimited', `${what}: see https://letsencrypt.org/docs/rate-limits/`, { headers });
}
