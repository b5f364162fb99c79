/** What an issuer is asked for. `renewalId` is the client reference: the same one never means a second certificate. */
export interface OrderRequest {
  readonly renewalId: string;
  /** base64 of the PKCS#10 DER. */
  readonly csr: string;
  /** The life asked for; the issuer's profile may shorten it, never lengthen it. */
  readonly validityDays: number;
}

/** `reference` finds the order again; it is stored before the order is polled. */
export interface Order {
  readonly reference: string;
}

/** An order as it is polled. */
export interface PlacedOrder extends Order {
  /** base64 of the PKCS#10 DER that was submitted. Asked for only by issuers that need it again: it costs a look at the vault. */
  csr(): Promise<string>;
}

export type OrderStatus =
  | { readonly state: 'pending'; readonly retryAfterSeconds: number }
  /** base64 DERs, leaf first. */
  | { readonly state: 'issued'; readonly chain: readonly string[] }
  | { readonly state: 'rejected'; readonly reason: string };

/** What happens when the issuer accepted an order and we never heard. */
export type AfterLostAnswer = 'same-order' | 'findable' | 'reissues';

/** Where certificates come from. Throws `RenewalError` with an `issuer-*` code; a refusal is an answer, not a throw. */
export interface Issuer {
  readonly kind: string;
  readonly afterLostAnswer: AfterLostAnswer;
  /** True when the issued chain ends at a root that only this organisation trusts. */
  readonly isPrivate: boolean;
  submit(request: OrderRequest): Promise<Order | { readonly state: 'rejected'; readonly reason: string }>;
  poll(order: PlacedOrder): Promise<OrderStatus>;
}
