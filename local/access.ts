/** An identity of the stand: the app's user-assigned identities, the App Service resource provider, a foreign client. */
export interface Principal {
  /** Object id (GUID), the token's `oid`. */
  readonly id: string;
  /** For people and logs, e.g. `renewer`. */
  readonly name: string;
  /** Of the application, the token's `appid`; the audit of a vault tells it. */
  readonly clientId?: string;
}

/** One question that an emulator asked: may this principal do that there? */
export interface Demand {
  readonly principal: string;
  /** Azure's data action or action, e.g. `Microsoft.KeyVault/vaults/certificates/read`. */
  readonly action: string;
  /** ARM id of the resource, lower case. */
  readonly scope: string;
  readonly granted: boolean;
}

/** Tokens and role assignments, as every emulator checks them. */
export interface AccessControl {
  /** The token's principal; `undefined` when signature, audience or expiry is wrong. */
  authenticate(authorization: string | undefined, audience: string): Principal | undefined;
  /** Whether the only thing wrong with the token is that its life is over; whoever cannot tell leaves it out. */
  isExpired?(authorization: string | undefined): boolean;
  /** True when an assignment grants `action` at `scope` or above it. Every question is remembered as a `Demand`. */
  allows(principal: Principal, action: string, scope: string): boolean;
  readonly demands: readonly Demand[];
}
