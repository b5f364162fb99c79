import type { Identifier, ProblemDocument } from './problem.ts';
import type { PublicKey } from './public-key.ts';

export interface Account {
  readonly id: string;
  status: 'valid' | 'deactivated';
  contact: readonly string[];
  key: PublicKey;
  /** The binding as it was sent, to be shown again. */
  readonly externalAccountBinding?: unknown;
}

export const challengeTypes = ['dns-01', 'http-01'] as const;
export type ChallengeType = (typeof challengeTypes)[number];

export interface Challenge {
  readonly id: string;
  readonly type: ChallengeType;
  readonly token: string;
  status: 'pending' | 'processing' | 'valid' | 'invalid';
  /** When the CA looks, once the client said that it may. */
  validateAt?: Date | undefined;
  validated?: Date;
  error?: ProblemDocument;
  /** The look that is under way: two who ask at the same moment wait for one. */
  looking?: Promise<void> | undefined;
}

export interface Authorization {
  readonly id: string;
  readonly account: Account;
  /** Without `*.`. */
  readonly host: string;
  readonly isWildcard: boolean;
  readonly challenges: readonly Challenge[];
  status: 'pending' | 'valid' | 'invalid' | 'deactivated';
  expires: Date;
}

export interface Order {
  readonly id: string;
  readonly account: Account;
  readonly identifiers: readonly Identifier[];
  readonly authorizations: readonly Authorization[];
  readonly expires: Date;
  readonly profile: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** ARI id of the certificate that it replaces. */
  readonly replaces?: string;
  /** DER of the request, once it was accepted. */
  csr?: Uint8Array;
  issueAt?: Date;
  certificate?: IssuedCertificate;
  error?: ProblemDocument;
}

export interface IssuedCertificate {
  readonly id: string;
  readonly account: Account;
  readonly identifiers: readonly Identifier[];
  /** DER. */
  readonly leaf: Uint8Array;
  /** DERs, leaf first, without the root: the usual chain, then the alternate ones. */
  readonly chains: readonly (readonly Uint8Array[])[];
  /** Key identifier of the issuer and serial number (RFC 9773 4.1). */
  readonly renewalId: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  revoked?: { readonly at: Date; readonly reason: number };
  /** An order for its successor. */
  replacedBy?: Order;
  /** When the CA wishes it renewed; absent: by its life. */
  window?: RenewalWindow;
}

export interface RenewalWindow {
  readonly start: Date;
  readonly end: Date;
  readonly explanationUrl?: string;
}

/** Everything that the server remembers, gone with the process. */
export interface Records {
  readonly accounts: Map<string, Account>;
  readonly orders: Map<string, Order>;
  readonly authorizations: Map<string, Authorization>;
  /** With the authorization that it belongs to. */
  readonly challenges: Map<string, { readonly challenge: Challenge; readonly of: Authorization }>;
  /** By id, and by ARI id. */
  readonly certificates: Map<string, IssuedCertificate>;
  readonly byRenewalId: Map<string, IssuedCertificate>;
  /** SHA-256 of public keys that were said to be compromised. */
  readonly blockedKeys: Set<string>;
}

export function createRecords(): Records {
  return {
    accounts: new Map(),
    orders: new Map(),
    authorizations: new Map(),
    challenges: new Map(),
    certificates: new Map(),
    byRenewalId: new Map(),
    blockedKeys: new Set(),
  };
}
