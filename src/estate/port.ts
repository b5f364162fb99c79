import type { Outcome, Reason } from '../renewal/outcomes.ts';

/** What Perennial remembers of one certificate: the table is the authority, the vault's tags are its mirror. */
export interface CertificateRow {
  /** Name of the estate vault. */
  readonly vault: string;
  /** Lower case: Key Vault compares names without case. */
  readonly name: string;
  readonly plan: string;
  readonly owner: string;
  readonly state: 'idle' | 'renewing';
  /** Number of the last allocated attempt; 0 before the first. */
  readonly attempt: number;
  /** Of the last allocated attempt. */
  readonly renewalId?: string;
  /** Why that attempt was started. */
  readonly startReason?: Reason;
  /** Set when that attempt only deploys the current version again. */
  readonly startScope?: 'deploy';
  readonly requester?: string;
  /** W3C `traceparent` of that attempt; while `queuedAt` is set, of what asked for the next one. */
  readonly traceparent?: string;
  /** When the current version becomes due. ISO 8601, as all times here. */
  readonly dueAt?: string;
  readonly notAfter?: string;
  readonly lastAttemptAt?: string;
  readonly nextAttemptAt?: string;
  readonly failedAttempts: number;
  /** Set while it is renewing: when that renewal has surely ended, or told of a wait. Later than that it is stuck. */
  readonly expectedBy?: string;
  /** When the watchdog saw first that the renewal is past `expectedBy`. */
  readonly silentSince?: string;
  /** Set while it is due and has to wait for its turn: since when. */
  readonly queuedAt?: string;
  /** Set once its CA was asked when it wishes the current version to be replaced (RFC 9773): of which version that was. */
  readonly windowOf?: string;
  /** Set while the CA has such a wish; with a page that says why. */
  readonly windowStart?: string;
  readonly windowEnd?: string;
  readonly windowPage?: string;
  /** Before this the CA is not asked again about that version. */
  readonly askWindowAt?: string;
  /** The version that is expected to be current. */
  readonly expectedVersion?: string;
  /** A version that the vault made by itself with the plan's issuer, and that nobody has accepted: the next attempt judges it. */
  readonly found?: string;
  /** With `found`: the version that was known before it. */
  readonly foundAfter?: string;
  /** A version that was merged, and that not every target was seen serving: the next attempt deploys it again. */
  readonly undeployed?: string;
  readonly lastOutcome?: Outcome;
  readonly lastReason?: Reason;
  /** Id of the renewal that a person asked to cancel. */
  readonly cancelRequested?: string;
  /** Id of an ended renewal whose order the issuer has still to cancel: the sweep asks again. */
  readonly orderToCancel?: string;
}

/** A row and the ETag it was read with. */
export interface Versioned<T> {
  readonly row: T;
  readonly etag: string;
}

/** What an issuer was asked for in one renewal. The chain is kept here once it is issued, so that history holds ids only. */
export interface OrderRow {
  readonly renewalId: string;
  readonly vault: string;
  readonly name: string;
  readonly issuer: string;
  readonly csrSha256: string;
  /** Of the operation in the vault. While an order inside the vault is `requesting`: of the one that had ended before. */
  readonly requestId: string;
  readonly reference?: string;
  /** `requesting` is written before the vault is asked, so that a crash in between leaves our mark on the pending operation. */
  readonly state: 'requesting' | 'requested' | 'submitted' | 'issued' | 'rejected' | 'merged';
  /** The vault did not let us ask: the mark of `requesting` is taken back. */
  readonly refused?: true;
  /** Set when nobody waits for it any more: `asked` until the issuer has answered whether it is cancelled. */
  readonly cancel?: 'asked' | 'cancelled' | 'too-late';
  /** How often the issuer was asked to cancel it. */
  readonly cancelTries?: number;
  /** base64 DERs, leaf first, as the issuer sent them. */
  readonly chain?: readonly string[];
  /** base64 DERs as accepted: leaf first, root left out. */
  readonly accepted?: readonly string[];
  readonly createdAt: string;
}

/**
 * What a target was last seen serving: one writer each. Who left the estate file, or was discovered once, keeps its row, which says
 * what it served when it was last seen: the app may delete no row of any table (infra/roles/estate-keeper.json).
 */
export interface TargetRow {
  readonly certificate: string;
  readonly targetId: string;
  readonly kind: string;
  readonly renewalId: string;
  readonly servedSha256?: string;
  readonly expectedSha256: string;
  readonly verified: boolean;
  readonly seenAt: string;
  readonly problem?: string;
}

/**
 * The estate's rows. Reads answer `undefined` when there is no row. Writes throw `RenewalError('storage-conflict')` when
 * another writer came first, `storage-unreachable` when the store did not answer.
 */
export interface EstateStore {
  certificate(vault: string, name: string): Promise<Versioned<CertificateRow> | undefined>;
  /** Inserts (no `etag`) or replaces exactly the row that was read. Answers with the new ETag. */
  saveCertificate(row: CertificateRow, etag?: string): Promise<string>;
  /** All rows, or those of which something is going on: `renewing`, or queued. */
  certificates(which?: 'open'): AsyncIterable<Versioned<CertificateRow>>;
  order(renewalId: string): Promise<Versioned<OrderRow> | undefined>;
  /** The newest order of ours for this CSR of this certificate, whatever renewal made it. */
  orderForCsr(vault: string, name: string, csrSha256: string): Promise<OrderRow | undefined>;
  /** All orders of a certificate, one for each renewal that placed or began one, in no order. */
  orders(vault: string, name: string): Promise<readonly OrderRow[]>;
  /** As `saveCertificate`: an activity that runs twice must not write over what came after it. */
  saveOrder(row: OrderRow, etag?: string): Promise<string>;
  saveTarget(row: TargetRow): Promise<void>;
  targets(certificate: string): Promise<readonly TargetRow[]>;
}

/** What the vault CA is about to sign: written once, before signing, so that a repeat signs the same certificate. */
export interface Issuance {
  /** SHA-256 of the public key + renewal id. */
  readonly key: string;
  readonly renewalId: string;
  readonly serial: string;
  /** base64 of the TBSCertificate DER (RFC 5280 4.1). */
  readonly toBeSigned: string;
  /** Version of the CA certificate in its vault whose key signs it; absent: the current one. */
  readonly authority?: string;
  readonly createdAt: string;
}

/** Storage of issuances, insert only. */
export interface IssuanceStore {
  /** Writes `issuance` if none has its key (If-None-Match), and answers with the one that is there. */
  putIfAbsent(issuance: Issuance): Promise<Issuance>;
  get(key: string): Promise<Issuance | undefined>;
  /** All for one public key: `spkiSha256` is what their keys begin with. */
  forPublicKey(spkiSha256: string): Promise<readonly Issuance[]>;
}

/** A certificate that the vault CA has revoked. */
export interface Revocation {
  /** Hex that stands for the name and the key of the CA that issued it. */
  readonly authority: string;
  /** Hex. */
  readonly serial: string;
  /** As RFC 5280 5.3.1 names it. */
  readonly reason: string;
  readonly revokedAt: string;
  /** When the certificate expires by itself. */
  readonly notAfter: string;
}

/** Storage of revocations, insert only: nothing takes one back. */
export interface RevocationStore {
  /** Writes `revocation` if its serial number has none, and answers with the one that is there. */
  putIfAbsent(revocation: Revocation): Promise<Revocation>;
  /** Every one of an authority. */
  list(authority: string): Promise<readonly Revocation[]>;
}

/**
 * What a CA was asked that hands a certificate out only once, and what it said: written before it is asked, and again when it
 * has answered. One for each renewal at such a CA, some kilobytes with its chain; like orders they are never deleted.
 */
export interface AnswerRow {
  /** SHA-256 of the public key + renewal id. */
  readonly key: string;
  readonly renewalId: string;
  /** Kind of the issuer. */
  readonly issuer: string;
  /** `asking`: how it ended is not written yet, and may never be. `open`: the CA is asked again. */
  readonly state: 'asking' | 'open' | 'answered';
  /** When the CA was asked last. */
  readonly askedAt: string;
  /** How often it was asked and its answer never arrived: each time it may have issued. */
  readonly unheard: number;
  /** base64 DERs, leaf first. */
  readonly chain?: readonly string[];
}

/** Storage of answers. */
export interface AnswerStore {
  get(key: string): Promise<Versioned<AnswerRow> | undefined>;
  /** As `saveCertificate`: inserts, or replaces exactly the row that was read. */
  save(row: AnswerRow, etag?: string): Promise<string>;
}
