import type { IssuerFault } from '../../local/issuers/faults.ts';
import type { KeyType } from '../../src/certificate/types.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import type { IssuerLine } from './line.ts';

/** What the suite asks of an issuer besides issuing at all: each is tried, or it is said why it cannot be. */
export const cases = [
  'issue-rsa',
  'issue-ec',
  'pending-issued',
  'pending-rejected',
  'lost-answer',
  'duplicate-submit',
  'rate-limit',
  'server-error',
  'truncated-body',
  'wrong-key',
  'extra-name',
  'missing-chain',
  'expired-intermediate',
  'credentials-refused',
  'cancel',
  'revoke',
] as const;
export type ConformanceCase = (typeof cases)[number];

/** An issuer with its CA, and how the suite gets at both. */
export interface ConformanceBench {
  /** In titles: `ACME at the emulator`. */
  readonly title: string;
  /** What cannot be tried here, and why: shown among the results. */
  readonly lacks: Partial<Record<ConformanceCase, string>>;
  readonly setUp: () => Promise<IssuerUnderTest>;
}

export interface IssuerUnderTest {
  readonly issuer: Issuer;
  /** DERs of the roots that its chains end at. */
  readonly roots: readonly Uint8Array[];
  /** DERs between leaf and root that the estate file would hold, for a CA that leaves them out. */
  readonly intermediates?: readonly Uint8Array[];
  /** A DNS name below which it issues. */
  readonly domain: string;
  /** The life that is asked for; the CA may give less. */
  readonly validityDays: number;
  readonly now: () => Date;
  /** Lets time pass. */
  readonly wait: (seconds: number) => Promise<void>;
  /** The way to the CA, where something may happen to requests; absent: there is no way. */
  readonly line?: IssuerLine;
  /** What may be wrong with the CA; absent: nobody can make it so. */
  readonly ca?: { add(fault: IssuerFault): () => void };
  /** How many certificates the CA has made so far, where somebody counts them. */
  readonly issuedCount?: () => number;
  /** Whether the CA holds a certificate (base64 DER) for revoked, where somebody can tell. */
  readonly isRevoked?: (certificate: string) => boolean;
  /** Of one EC and one RSA key, what the CA takes: P-256 and RSA-2048 unless told otherwise. */
  readonly ec?: KeyType;
  readonly rsa?: KeyType;
  /** Values that must never be in a message. */
  readonly secrets?: readonly string[];
  readonly tearDown: () => Promise<void>;
}
