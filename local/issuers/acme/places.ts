/** Every URL of the server, under the origin that the client came to. */
export interface Places {
  readonly directory: string;
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCert: string;
  readonly keyChange: string;
  readonly renewalInfo: string;
  account(id: string): string;
  orders(id: string): string;
  order(id: string): string;
  finalize(id: string): string;
  authorization(id: string): string;
  challenge(id: string): string;
  /** The usual chain is number 0. */
  certificate(id: string, chain?: number): string;
}

export const DIRECTORY_PATH = '/directory';

export function placesAt(origin: string): Places {
  return {
    directory: `${origin}${DIRECTORY_PATH}`,
    newNonce: `${origin}/new-nonce`,
    newAccount: `${origin}/new-account`,
    newOrder: `${origin}/new-order`,
    revokeCert: `${origin}/revoke-cert`,
    keyChange: `${origin}/key-change`,
    renewalInfo: `${origin}/renewal-info`,
    account: (id) => `${origin}/account/${id}`,
    orders: (id) => `${origin}/account/${id}/orders`,
    order: (id) => `${origin}/order/${id}`,
    finalize: (id) => `${origin}/order/${id}/finalize`,
    authorization: (id) => `${origin}/authorization/${id}`,
    challenge: (id) => `${origin}/challenge/${id}`,
    certificate: (id, chain = 0) => `${origin}/certificate/${id}${chain === 0 ? '' : `/${chain}`}`,
  };
}
