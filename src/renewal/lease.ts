import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import { type AppRowStore, type LeaseRow, only } from '../estate/app-rows.ts';
import type { Versioned } from '../estate/port.ts';
import type { Journal } from '../journal/port.ts';

/** Whether this app may look after the estate now. */
export type Hold =
  | { readonly state: 'held' }
  | { readonly state: 'elsewhere'; readonly owner: string; readonly expiresAt: string };

/** The right to look after an estate, which one app has at a time, with all of its instances. */
export interface Lease {
  /** Takes or renews the lease when it has to. Throws `storage-*` when nobody can tell. */
  hold(): Promise<Hold>;
}

export interface LeaseOptions {
  readonly rows: AppRowStore;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Name of the app: the same for all of its instances. */
  readonly owner: string;
}

const MINUTE = 60_000;
/** An app that has not renewed for so long is taken to be gone. */
const LIFE = 10 * MINUTE;
/** With less than this left it is renewed; until then nothing is asked, so that an event costs no call. */
const RENEWED_WITH = 5 * MINUTE;
/** The clocks of two apps may differ by so much: the last minute belongs to nobody. */
const MARGIN = MINUTE;
/** Another app's lease is looked at again after so long. */
const LOOKED_AT_AGAIN = 15_000;
const TRIES = 5;

/**
 * The lease over one row: owner and expiry, changed by ETag. While it is known to last nothing is asked; several callers at
 * once ask once.
 */
export function createLease({ rows, journal, clock, owner }: LeaseOptions): Lease {
  let known: { readonly hold: Hold; readonly askAt: number; readonly until: number } | undefined;
  let asking: Promise<Hold> | undefined;

  const learn = (row: LeaseRow): Hold => {
    const now = clock.now().getTime();
    const expires = Date.parse(row.expiresAt);
    if (row.owner === owner)
      known = { hold: { state: 'held' }, askAt: expires - RENEWED_WITH, until: expires - MARGIN };
    else {
      const hold: Hold = { state: 'elsewhere', owner: row.owner, expiresAt: row.expiresAt };
      known = { hold, askAt: now + LOOKED_AT_AGAIN, until: now };
    }
    return known.hold;
  };

  const take = async (found: Versioned<LeaseRow> | undefined): Promise<Hold> => {
    const now = clock.now();
    const isMine = found?.row.owner === owner;
    const takenAt = isMine ? found.row.takenAt : now.toISOString();
    if (found !== undefined && !isMine) await tellTakeover(found.row, takenAt);
    const row: LeaseRow = { owner, takenAt, expiresAt: new Date(now.getTime() + LIFE).toISOString() };
    await rows.save('lease', only, row, found?.etag);
    return learn(row);
  };

  const tellTakeover = async (before: LeaseRow, at: string): Promise<void> => {
    const facts = { owner, before: before.owner, expiredAt: before.expiresAt };
    await journal.append('lease', { key: `lease:${owner}:${at}`, at, kind: 'intent', step: 'lease', facts });
  };

  const look = async (): Promise<Hold> => {
    const found = await rows.get('lease', only);
    const left = found === undefined ? 0 : Date.parse(found.row.expiresAt) - clock.now().getTime();
    const isFree = left <= 0 || (found?.row.owner === owner && left <= RENEWED_WITH);
    return found === undefined || isFree ? await take(found) : learn(found.row);
  };

  const ask = async (): Promise<Hold> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await look();
      } catch (error) {
        const isRace = error instanceof RenewalError && error.code === 'storage-conflict' && attempt < TRIES;
        if (isRace) continue;
        // A store that does not answer takes no lease away that still lasts.
        if (known?.hold.state === 'held' && clock.now().getTime() < known.until) return known.hold;
        throw error;
      }
    }
  };

  return {
    hold() {
      if (known !== undefined && clock.now().getTime() < known.askAt) return Promise.resolve(known.hold);
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

/** Says that another app looks after the estate. */
export function elsewhere({ owner, expiresAt }: Extract<Hold, { state: 'elsewhere' }>): string {
  return `The app ${owner} looks after this estate, at least until ${expiresAt}.`;
}
