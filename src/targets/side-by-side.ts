import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';

/** So many at a time: one target shall not take all that Resource Manager gives to a subscription. */
export const SIDE_BY_SIDE = 10;

/** A wait that is over before a durable timer would have begun, and how long all of them may take. */
const SHORT_SECONDS = 5;
const PATIENCE_SECONDS = 60;

export interface Waiting {
  readonly clock: Clock;
  pause(milliseconds: number): Promise<void>;
}

/**
 * Does the same for many, some at a time and in their order: what comes after a group has not begun while the group is not
 * done. A full bucket lets a few through every second, so that a short request to slow down is waited for, for a minute in
 * all. What is thrown for one is thrown for all. `isEnough`: the rest is left out after a group of such answers.
 */
export async function sideBySide<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  { waiting, isEnough }: { readonly waiting: Waiting; readonly isEnough?: (group: readonly R[]) => boolean },
): Promise<readonly R[]> {
  const until = waiting.clock.now().getTime() + PATIENCE_SECONDS * 1000;
  const answers: R[] = [];
  for (let at = 0; at < items.length; at += SIDE_BY_SIDE) {
    const group = items.slice(at, at + SIDE_BY_SIDE);
    const ended = await Promise.allSettled(group.map((item) => patiently(() => work(item), { until, waiting })));
    const failed = ended.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const done = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    answers.push(...done);
    if (isEnough?.(done)) break;
  }
  return answers;
}

async function patiently<R>(
  work: () => Promise<R>,
  { until, waiting }: { readonly until: number; readonly waiting: Waiting },
): Promise<R> {
  for (let waited = 0; ; ) {
    try {
      return await work();
    } catch (error) {
      const seconds = shortWait(error);
      if (seconds === undefined || waiting.clock.now().getTime() + seconds * 1000 > until) throw error;
      // The clock may stand still: then one item's own waits end it.
      waited += Math.max(seconds, 1);
      if (waited > PATIENCE_SECONDS) throw error;
      await waiting.pause(seconds * 1000);
    }
  }
}

function shortWait(error: unknown): number | undefined {
  if (!(error instanceof RenewalError) || error.code !== 'arm-throttled') return undefined;
  const { retryAfterSeconds } = error;
  return retryAfterSeconds !== undefined && retryAfterSeconds <= SHORT_SECONDS ? retryAfterSeconds : undefined;
}
