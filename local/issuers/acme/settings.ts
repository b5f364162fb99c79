import type { StandClock } from '../../clock.ts';
import type { Chance } from '../../vault/chance.ts';
import type { KeyPool } from '../../vault/keys.ts';
import type { Authorities } from '../authorities.ts';
import type { AcmeFault, AcmeFaults } from './faults.ts';
import type { Limits, Quota } from './limits.ts';
import type { Nonces } from './nonces.ts';
import type { Records } from './records.ts';

/** What a client may ask for by name (draft-ietf-acme-profiles). */
export interface Profile {
  /** What stands in the directory: a URL or a sentence. */
  readonly description: string;
  readonly lifeSeconds: number;
  /** Whether the first name is the common name as well. */
  readonly hasCommonName: boolean;
}

/** The TXT records of a name; it throws when the name cannot be resolved. */
export type TextLookup = (name: string) => Promise<readonly string[]>;

/** The name that another one stands for (RFC 1034 3.6.2); `undefined`: it stands for itself. */
export type CnameLookup = (name: string) => Promise<string | undefined>;

export interface AcmeOptions {
  readonly clock: Pick<StandClock, 'now'>;
  readonly txt: TextLookup;
  /** Absent: there are no CNAMEs. */
  readonly cname?: CnameLookup;
  /** Numbers in [0, 1); absent: the operating system's randomness. */
  readonly random?: () => number;
  readonly keyPool?: KeyPool;
  /** Its keys and certificates; made anew by default. */
  readonly authorities?: Authorities;
  /** The first is what an order gets that names none. */
  readonly profiles?: Readonly<Record<string, Profile>>;
  /** Key ids and secrets; given, an account needs one of them. */
  readonly externalAccounts?: Readonly<Record<string, Uint8Array>>;
  /** Names that the CA never certifies, with everything below them. */
  readonly blockedNames?: readonly string[];
  /** Share of valid authorizations that a new order takes over; pebble's 50 by default. */
  readonly reusePercent?: number;
  /** Least and most seconds until the CA looks for an answer; 0 to 2 by default. */
  readonly validationSeconds?: readonly [number, number];
  /** Least and most seconds from finalize to the certificate; 0 to 2 by default. */
  readonly issuanceSeconds?: readonly [number, number];
  /**
   * Whether a challenge that is being looked at is shown as `processing` (RFC 8555 7.1.6); Boulder and pebble leave it `pending`,
   * and so does this server by default.
   */
  readonly showsProcessing?: boolean;
  /** How Retry-After is written. */
  readonly retryAfter?: RetryAfterForm;
  /** When to ask again about a renewal window, or `none`: a CA without renewal information, as there are many; 6 hours by default. */
  readonly renewalInfoSeconds?: number | 'none';
  readonly quota?: Partial<Quota>;
  /** Those that strike from the start; `usualFaults` by default. */
  readonly faults?: readonly AcmeFault[];
}

export type RetryAfterForm = 'seconds' | 'date' | 'none';

/** What every operation needs. */
export interface AcmeServer {
  readonly clock: Pick<StandClock, 'now'>;
  readonly txt: TextLookup;
  readonly cname: CnameLookup;
  readonly chance: Chance;
  readonly records: Records;
  readonly nonces: Nonces;
  readonly faults: AcmeFaults;
  readonly limits: Limits;
  readonly authorities: Authorities;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly externalAccounts: ReadonlyMap<string, Uint8Array> | undefined;
  readonly blockedNames: readonly string[];
  readonly reusePercent: number;
  readonly validationSeconds: readonly [number, number];
  readonly issuanceSeconds: readonly [number, number];
  readonly showsProcessing: boolean;
  readonly retryAfter: RetryAfterForm;
  readonly renewalInfoSeconds: number | 'none';
}

const DAY_SECONDS = 86_400;

/** Those of Let's Encrypt that matter here, by name and life. */
export const usualProfiles: Readonly<Record<string, Profile>> = {
  classic: { description: 'The usual: 90 days.', lifeSeconds: 90 * DAY_SECONDS, hasCommonName: true },
  tlsserver: { description: 'No common name.', lifeSeconds: 90 * DAY_SECONDS, hasCommonName: false },
  shortlived: { description: 'A little more than six days.', lifeSeconds: 160 * 3600, hasCommonName: false },
};

/** A whole number of seconds, or a date (RFC 9110 10.2.3). */
export function retryAfterHeader(
  { clock, retryAfter }: Pick<AcmeServer, 'clock' | 'retryAfter'>,
  seconds: number,
): Record<string, string> {
  if (retryAfter === 'none') return {};
  const rounded = Math.max(1, Math.ceil(seconds));
  if (retryAfter === 'seconds') return { 'retry-after': String(rounded) };
  return { 'retry-after': new Date(clock.now().getTime() + rounded * 1000).toUTCString() };
}

/** A moment from now, some seconds off by chance. */
export function later(
  { clock, chance }: Pick<AcmeServer, 'clock' | 'chance'>,
  [least, most]: readonly [number, number],
  moreSeconds = 0,
): Date {
  return new Date(clock.now().getTime() + (chance.integer(least, most) + moreSeconds) * 1000);
}
