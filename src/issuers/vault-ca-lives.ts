import { RenewalError } from '../errors.ts';
import type { AppRowStore } from '../estate/app-rows.ts';

const DAY_MILLISECONDS = 86_400_000;
const CONFLICTS_BORNE = 5;

/**
 * Writes down how long the certificates of a CA key last. In whole days, so that one certificate after the other is
 * written down once a day and not each time; a process remembers what it knows to be there.
 */
export function lifeRecorder(rows: AppRowStore): (authority: string, notAfter: Date) => Promise<void> {
  const known = new Map<string, number>();
  return async (authority, notAfter) => {
    const wanted = Math.ceil(notAfter.getTime() / DAY_MILLISECONDS) * DAY_MILLISECONDS;
    for (let conflicts = 0; (known.get(authority) ?? 0) < wanted; conflicts++) {
      const there = await rows.get('authority', authority);
      const last = there === undefined ? 0 : new Date(there.row.lastNotAfter).getTime();
      try {
        const row = { lastNotAfter: new Date(wanted).toISOString() };
        if (last < wanted) await rows.save('authority', authority, row, there?.etag);
        known.set(authority, Math.max(last, wanted));
      } catch (error) {
        const isConflict = error instanceof RenewalError && error.code === 'storage-conflict';
        // Somebody else has written a day of his own: it may be later than ours.
        if (!isConflict || conflicts === CONFLICTS_BORNE) throw error;
      }
    }
  };
}
