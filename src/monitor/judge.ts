import type { ArrivalsRow } from '../estate/app-rows.ts';
import type { VersionFacts } from '../vault/port.ts';
import type { Announcement } from './port.ts';

/** What is known of the way from a vault's events to the app. */
export const eventPathStates = {
  heard: 'The event of the newest announcement of an expiry arrived, or one that came after it.',
  untested: 'Nothing was announced within the last seven days, so that there is nothing to be compared.',
  unheard:
    'The event of an announcement did not arrive, and that proves nothing: other events came since, or the version is older than our watch, and Key Vault raises events for versions that are newer than the subscription.',
  unlogged: 'The workspace has no audit record of the vault of the last day: its audit log does not come here.',
  dead: 'The event of an announcement did not arrive within six hours, nor did any other: the event path is dead.',
} as const;

export type EventPathState = keyof typeof eventPathStates;

/** What is known of one vault. Times are ISO 8601. */
export interface EventPath {
  /** Name of the vault in the estate. */
  readonly vault: string;
  readonly state: EventPathState;
  /** Since when arrivals are compared: the first look at the vault. */
  readonly watchedSince: string;
  /** The announcement that the state rests on, and of which certificate it was. */
  readonly announcedAt?: string;
  readonly certificate?: string;
  /** The last event of the vault that arrived; absent: none ever did. */
  readonly lastAt?: string;
}

/** Everything that the verdict on a vault rests on. */
export interface Evidence {
  /** Of this vault, overdue by now, newest first. */
  readonly announced: readonly Announcement[];
  readonly arrivals?: ArrivalsRow;
  /** Whether the vault wrote anything into the log within a day: the sweep alone reads it every hour. */
  readonly isLogged: boolean;
  /** The verdict before. */
  readonly before?: EventPath;
  /** The current version of certificates whose events are missing, by name; `undefined`: it could not be had. */
  readonly versions: ReadonlyMap<string, VersionFacts | undefined>;
}

const HOUR = 3_600_000;
/**
 * An announcement whose event is missing for so long is overdue. Event Grid tries again after 10 s and so on up to 3 h, which
 * is 4 h 47 min together, and the log takes 10 minutes; with a look every 6 hours a dead path is found within 12.
 */
export const GRACE_MILLISECONDS = 6 * HOUR;
export const LOOKED_BACK_MILLISECONDS = 7 * 24 * HOUR;
/** Clocks of Key Vault and of the app differ, and arrivals are noted once a minute. */
const SKEW_MILLISECONDS = 300_000;

/** Whether an event came after something that was announced, or so shortly before that clocks may be to blame. */
export function isHeard(announcedAt: string, arrivedAt: string | undefined): boolean {
  return arrivedAt !== undefined && Date.parse(arrivedAt) >= Date.parse(announcedAt) - SKEW_MILLISECONDS;
}

/** The verdict on one vault. Pure. */
export function judge(vault: string, evidence: Evidence, now: Date): EventPath {
  const { announced, arrivals, isLogged, before } = evidence;
  const watchedSince = before?.watchedSince ?? now.toISOString();
  const common = { vault, watchedSince, ...(arrivals && { lastAt: arrivals.lastAt }) };
  const watched = announced.filter(({ at }) => at >= watchedSince);
  const unheard = watched.filter(({ at }) => !isHeard(at, arrivals?.expiryAt));
  const proof = unheard.find((one) => isProof(one, evidence, { watchedSince, now }));
  if (proof !== undefined) return { ...common, state: 'dead', ...shown(proof) };
  // What was dead stays so until something arrives, however old the announcement becomes.
  if (before?.state === 'dead' && before.announcedAt !== undefined && !cameSince(before.announcedAt, arrivals)) {
    return { ...before, ...common };
  }
  if (!isLogged) return { ...common, state: 'unlogged' };
  const [newest] = watched;
  if (newest === undefined) return { ...common, state: 'untested' };
  const [silent] = unheard;
  return silent === undefined
    ? { ...common, state: 'heard', ...shown(newest) }
    : { ...common, state: 'unheard', ...shown(silent) };
}

function shown({ at, certificate }: Announcement): Pick<EventPath, 'announcedAt' | 'certificate'> {
  return { announcedAt: at, certificate };
}

/** An event of any kind, long enough after the announcement that it cannot have been on its way before the path died. */
function cameSince(announcedAt: string, arrivals: ArrivalsRow | undefined): boolean {
  return arrivals !== undefined && Date.parse(arrivals.lastAt) >= Date.parse(announcedAt) + GRACE_MILLISECONDS;
}

/**
 * A missing event proves something if one must have been raised: the announced version was made under our watch, or a
 * newer one was, whose own event would have come.
 */
function isProof(
  { at, certificate, version }: Announcement,
  { arrivals, versions }: Evidence,
  { watchedSince, now }: { readonly watchedSince: string; readonly now: Date },
): boolean {
  const current = versions.get(certificate);
  if (current === undefined || current.createdAt < watchedSince || cameSince(at, arrivals)) return false;
  if (current.version === version) return true;
  const isOverdue = Date.parse(current.createdAt) <= now.getTime() - GRACE_MILLISECONDS;
  return isOverdue && !isHeard(current.createdAt, arrivals?.lastAt);
}
