import type { Clock } from '../../../src/clock.ts';

/** What is left to one principal after a query, and how soon all of it comes back. */
export interface Quota {
  readonly state: 'taken' | 'empty';
  readonly remaining: number;
  readonly resetsAfterSeconds: number;
}

/** So many queries in each window of time, which begins with the first of them. */
export function createQuota(
  clock: Clock,
  { queries, seconds }: { readonly queries: number; readonly seconds: number },
): (principal: string) => Quota {
  const windows = new Map<string, { readonly from: number; used: number }>();
  return (principal) => {
    const now = clock.now().getTime();
    const known = windows.get(principal);
    const window = known !== undefined && now - known.from < seconds * 1000 ? known : { from: now, used: 0 };
    windows.set(principal, window);
    const resetsAfterSeconds = Math.max(1, Math.ceil((window.from + seconds * 1000 - now) / 1000));
    if (window.used >= queries) return { state: 'empty', remaining: 0, resetsAfterSeconds };
    window.used++;
    return { state: 'taken', remaining: queries - window.used, resetsAfterSeconds };
  };
}
