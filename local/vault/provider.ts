/** A vault's account with a partner, as the partner is told it. The password is for the partner only: never log it. */
export interface PartnerAccount {
  readonly issuer: string;
  /** `DigiCert`, `GlobalSign`, … */
  readonly provider: string;
  readonly accountId: string | undefined;
  readonly password: string | undefined;
  readonly organizationId: string | undefined;
}

/** What a vault orders. The same `requestId` is asked for until the answer is final. */
export interface PartnerRequest {
  readonly vaultName: string;
  readonly certificateName: string;
  readonly requestId: string;
  /** `OV-SSL`, … */
  readonly certificateType: string | undefined;
  readonly validityMonths: number;
  readonly submittedAt: Date;
  readonly now: Date;
}

export type PartnerAnswer =
  /** DERs, leaf first. */
  | { readonly state: 'issued'; readonly chain: readonly Uint8Array[] }
  /** `code` says whose fault it is: the customer's, or the partner's. */
  | {
      readonly state: 'rejected';
      readonly code: 'Request rejected' | 'Certificate issuer error';
      readonly message: string;
    }
  | { readonly state: 'pending'; readonly retryAfterSeconds?: number };

/** Stands behind named issuers: answers a CSR (DER) each time the vault asks for it. */
export type Provider = (
  account: PartnerAccount,
  csr: Uint8Array,
  request: PartnerRequest,
) => PartnerAnswer | Promise<PartnerAnswer>;
