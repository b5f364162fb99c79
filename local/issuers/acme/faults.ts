import type { Chance } from '../../vault/chance.ts';
import { createIssuerFaults, type IssuerFault, type IssuerFaults } from '../faults.ts';

/** What can be wrong with the CA, by name. */
export const acmeFaultKinds = [
  /** A good nonce is refused. */
  'bad-nonce',
  /** 500 before anything is done. */
  'server-error',
  /** 503 with Retry-After before anything is done. */
  'busy',
  /** Half of the body, and nothing that says so. */
  'truncated-body',
  /** 429 to a new order. */
  'rate-limited',
  /** A new order is refused for the account's sake: it was deactivated, say. */
  'account-refused',
  /** The CA looks `seconds` later than usual. */
  'slow-validation',
  /** The certificate comes `seconds` later than usual. */
  'slow-issuance',
  /** The CA finds a CAA record that forbids it. */
  'caa',
  /** The CA cannot resolve the name. */
  'dns',
  /** The CA sees another answer than what is there. */
  'unauthorized',
  /** A failed look leaves the challenge pending, with its error, as step-ca does. */
  'stays-pending',
  /** The order turns invalid after it was finalized. */
  'order-rejected',
  'wrong-key',
  'extra-name',
  'missing-name',
  'missing-chain',
  'expired-intermediate',
] as const;
export type AcmeFaultKind = (typeof acmeFaultKinds)[number];

export type AcmeFault = IssuerFault<AcmeFaultKind>;
export type AcmeFaults = IssuerFaults<AcmeFaultKind>;

/** As pebble is by default: a client that never meets a refused nonce is not tested. */
export const usualFaults: readonly AcmeFault[] = [{ kind: 'bad-nonce', percent: 5 }];

export function createAcmeFaults(chance: Chance, initial: readonly AcmeFault[] = usualFaults): AcmeFaults {
  return createIssuerFaults(chance, initial);
}
