import type { Versioned } from './port.ts';

/** The last heartbeat that came through. All times are ISO 8601. */
export interface HeartbeatRow {
  /** The quarter of an hour (or whatever the schedule says) that it is of. */
  readonly period: string;
  /** When the timer asked for it. */
  readonly startedAt: string;
  /** When its activity ran: between the two lie the control queue and the work-item queue. */
  readonly completedAt: string;
}

/** Which app looks after this estate. */
export interface LeaseRow {
  readonly owner: string;
  readonly takenAt: string;
  readonly expiresAt: string;
}

/** How many renewals of a vault were started by themselves in the ten seconds from `window`. */
export interface StartsRow {
  readonly window: string;
  readonly count: number;
}

/** The last sweep, as JSON: what it found is shown, never searched. */
export interface SweepRow {
  readonly startedAt: string;
  readonly completedAt: string;
  readonly report: string;
}

/** What arrived of the events of a vault. Written at most once a minute: it says how lately, never how many. */
export interface ArrivalsRow {
  /** The last event of any kind. */
  readonly lastAt: string;
  /** The last one that told of an expiry: `CertificateNearExpiry` or `CertificateExpired`. */
  readonly expiryAt?: string;
}

/** The last look at the event paths, as JSON: what it found is shown, never searched. */
export interface EventPathsRow {
  readonly completedAt: string;
  readonly report: string;
}

/** An account at an issuer, and which version of its key the issuer knows. */
export interface AccountRow {
  /** The URL by which the issuer knows it. */
  readonly account: string;
  /** `{vault}/keys/{name}/{version}`. */
  readonly keyId: string;
}

/** A CA key of ours, and how long what it has signed lasts. */
export interface AuthorityRow {
  /** No certificate that it has signed is valid for longer than this. */
  readonly lastNotAfter: string;
}

/** What the instances of the app know of an issuer that does not answer, or has asked for patience. */
export interface BreakerRow {
  /** Why it is left alone; `none`: it is asked as usual. */
  readonly code: 'issuer-unreachable' | 'issuer-throttled' | 'none';
  readonly since: string;
  /** It is not asked before then. */
  readonly until: string;
  /** How often in a row it was left alone. */
  readonly rests: number;
  /** When this was learned. */
  readonly at: string;
}

/** What was seen of a credential of an issuer when it was looked at last. Never its value. */
export interface CredentialRow {
  readonly lookedAt: string;
  readonly enabled: boolean;
  readonly notBefore?: string;
  readonly expiresAt?: string;
  /** Why it could not be looked at: an error code. */
  readonly problem?: string;
}

/**
 * The targets of a group of a rollout, as JSON: what they were when a renewal began, whatever the estate file says later. Some ten
 * kilobytes for each change of a certificate's targets, and never deleted.
 */
export interface TargetGroupRow {
  readonly targets: string;
}

/** Where one certificate is used, as JSON: written when that has changed. */
export interface UsesRow {
  readonly report: string;
}

/** The last look at where certificates are used, as JSON. */
export interface UsesLookRow {
  readonly completedAt: string;
  readonly report: string;
}

/** Rows about the app itself, by kind. */
export interface AppRows {
  readonly account: AccountRow;
  readonly authority: AuthorityRow;
  readonly breaker: BreakerRow;
  readonly credential: CredentialRow;
  readonly heartbeat: HeartbeatRow;
  readonly lease: LeaseRow;
  readonly starts: StartsRow;
  readonly sweep: SweepRow;
  readonly targetGroup: TargetGroupRow;
  readonly arrivals: ArrivalsRow;
  readonly eventPaths: EventPathsRow;
  readonly uses: UsesRow;
  readonly usesLook: UsesLookRow;
}

/** Rows about the app itself. Errors are those of the estate store. */
export interface AppRowStore {
  /**
   * `key` tells rows of one kind apart: the vault of `starts` and `arrivals`, a hash of the issuer of `account`, of the CA of
   * `authority`, the name of the issuer of `breaker`, the id of the `credential`, `vault/name` of `uses`, the
   * SHA-256 of a `targetGroup`; else `only`.
   */
  get<K extends keyof AppRows>(kind: K, key: string): Promise<Versioned<AppRows[K]> | undefined>;
  /** Inserts (no `etag`) or replaces exactly the row that was read; else throws `storage-conflict`. */
  save<K extends keyof AppRows>(kind: K, key: string, row: AppRows[K], etag?: string): Promise<string>;
}

/** The key of a kind of which there is one row. */
export const only = 'only';
