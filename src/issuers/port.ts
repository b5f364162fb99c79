import type { Reason } from '../renewal/outcomes.ts';
import type { CertificateRef, PolicyFacts } from '../vault/port.ts';

/** What an issuer is asked for. `renewalId` is the client reference: the same one never means a second certificate. */
export interface OrderRequest {
  readonly renewalId: string;
  /** base64 of the PKCS#10 DER. */
  readonly csr: string;
  /** The life asked for; the issuer's profile may shorten it, never lengthen it. */
  readonly validityDays: number;
  /** base64 of the DER of the certificate that is to be replaced; absent: there is none. */
  readonly replaces?: string;
}

/** `reference` finds the order again; it is stored before the order is polled. */
export interface Order {
  readonly reference: string;
  /** How often the CA was asked before and not heard, where it may have issued each time; absent: never. */
  readonly unheard?: number;
}

/** An order as it is polled. */
export interface PlacedOrder extends Order {
  /** base64 of the PKCS#10 DER that was submitted. Asked for only by issuers that need it again: it costs a look at the vault. */
  csr(): Promise<string>;
  /** When it was placed, ISO 8601: what has waited for long need not be asked often. Absent: just now. */
  readonly placedAt?: string;
}

export type OrderStatus =
  | { readonly state: 'pending'; readonly retryAfterSeconds: number }
  /**
   * `chain`: base64 DERs, leaf first; empty when the issuer is inside the vault, which has joined them already. `extra`: leaves (base64 DERs) that it made besides for the same order, of answers that
   * were lost; nobody will use them. `unheard`: as of an order, where the CA is asked for the certificate by polling alone.
   */
  | {
      readonly state: 'issued';
      readonly chain: readonly string[];
      readonly extra?: readonly string[];
      readonly unheard?: number;
    }
  | { readonly state: 'rejected'; readonly reason: string };

/** What happens when the issuer accepted an order and we never heard. */
export type AfterLostAnswer = 'same-order' | 'findable' | 'reissues';

/** Why a certificate is revoked, as RFC 5280 5.3.1 names it. */
export const revocationReasons = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
] as const;
export type RevocationReason = (typeof revocationReasons)[number];

/** CRLReason (RFC 5280 5.3.1): how APIs that want a number call a reason. */
export const crlReasons: Readonly<Record<RevocationReason, number>> = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
};

export interface RevokeRequest {
  /** base64 of the DER of the leaf. */
  readonly certificate: string;
  readonly reason: RevocationReason;
}

/** A certificate that was revoked before is `revoked`. */
export type RevokeResult =
  | { readonly state: 'revoked' }
  /** Somebody at the CA has to agree; `detail` says what the CA said. */
  | { readonly state: 'requested'; readonly detail: string }
  | { readonly state: 'refused'; readonly reason: string };

/** An order that was cancelled before, or that the CA has never heard of, is `cancelled`. */
export type CancelResult = { readonly state: 'cancelled' } | { readonly state: 'too-late'; readonly reason: string };

/** When the CA wishes a certificate to be replaced (RFC 9773). ISO 8601. */
export interface RenewalWindow {
  readonly start: string;
  readonly end: string;
  /** A page that says why. */
  readonly explanation?: string;
  /** When to ask again. */
  readonly retryAfterSeconds: number;
}

/** An operation of the vault, as its order is referred to. */
export interface VaultOperation extends CertificateRef {
  readonly requestId: string;
  /** True when somebody else, or the vault itself, has begun it. */
  readonly isForeign: boolean;
}

/**
 * An issuer inside the vault orders and merges in one act: the next version is created there, the vault deals with the
 * issuer by itself, and what it has issued is judged afterwards, as the version that it is. Nothing is submitted to it.
 */
export interface InVault {
  /** As the vault names it. Compared without case. */
  readonly issuerName: string;
  /** Why it is not asked for what this policy says; `undefined` when nothing stands against it. `now`: when it would be. */
  refusal(policy: PolicyFacts, now: Date): { readonly reason: Reason; readonly detail: string } | undefined;
  /** The reference of the order that this operation is. */
  reference(operation: VaultOperation): string;
  /** DERs of the roots that a version (DER) has to end at. */
  roots(version: Uint8Array): readonly Uint8Array[];
}

/** What some issuers can do besides; each has its method below, and an issuer without it lacks that method. */
export const capabilities = ['cancel', 'revoke', 'renewalWindow'] as const;
export type Capability = (typeof capabilities)[number];

/** Where certificates come from. Throws `RenewalError` with an `issuer-*` code, or `storage-*` of its own rows; a refusal is an answer, not a throw. */
export interface Issuer {
  readonly kind: string;
  readonly afterLostAnswer: AfterLostAnswer;
  readonly capabilities: readonly Capability[];
  /** True when the issued chain ends at a root that only this organisation trusts. */
  readonly isPrivate: boolean;
  submit(request: OrderRequest): Promise<Order | { readonly state: 'rejected'; readonly reason: string }>;
  poll(order: PlacedOrder): Promise<OrderStatus>;
  /** Set for an issuer inside the vault. */
  readonly inVault?: InVault;
  cancel?(order: Order): Promise<CancelResult>;
  revoke?(request: RevokeRequest): Promise<RevokeResult>;
  /** Of a certificate (base64 of its DER) that this CA has issued; `undefined` when the CA has no wish. */
  renewalWindow?(certificate: string): Promise<RenewalWindow | undefined>;
}
