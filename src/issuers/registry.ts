import type { HttpClient } from '@azure/core-rest-pipeline';
import type { AddressRule } from '../address.ts';
import type { Arm } from '../azure/arm.ts';
import type { Clock } from '../clock.ts';
import type { AppRowStore } from '../estate/app-rows.ts';
import type { AnswerStore, IssuanceStore } from '../estate/port.ts';
import type { IssuerPlan } from '../plan/types.ts';
import type { VaultKey, VaultSigner } from '../vault/port.ts';
import * as acme from './acme.ts';
import * as cfssl from './cfssl.ts';
import * as est from './est.ts';
import type { Issuer } from './port.ts';
import * as vaultCa from './vault-ca.ts';

/** What issuers are made of; each takes what it needs. */
export interface IssuerDependencies {
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
  readonly issuances: IssuanceStore;
  readonly answers: AnswerStore;
  readonly rows: AppRowStore;
  readonly arm: Arm;
  /** Which addresses an issuer may be reached at. */
  readonly mayConnect: AddressRule;
  /** Makes a signer with the key of a certificate: `{vault}/certificates/{name}`. */
  readonly signerOf: (certificateId: string) => VaultSigner;
  /** A key by its id: `{vault}/keys/{name}`. */
  readonly keyOf: (keyId: string) => VaultKey;
  /** The value of a secret: `{vault}/secrets/{name}`. */
  readonly secret: (id: string) => Promise<string>;
  /** A token of the app's identity for an audience. */
  readonly token: (audience: string) => Promise<string>;
  /** Takes the place of the network. */
  readonly httpClient?: HttpClient;
}

type Creators = {
  readonly [K in IssuerPlan['kind']]: (
    plan: Extract<IssuerPlan, { kind: K }>,
    dependencies: IssuerDependencies,
  ) => Issuer;
};

/** Every kind of issuer, one line each. */
const creators: Creators = {
  [acme.kind]: (plan, all) => acme.create(plan, { ...all, accountKey: all.keyOf(plan.accountKey) }),
  [cfssl.kind]: cfssl.create,
  [est.kind]: (plan, all) => est.create(plan, all),
  [vaultCa.kind]: (plan, all) => vaultCa.create(plan, { ...all, signer: all.signerOf(plan.certificate) }),
};

export function createIssuer(plan: IssuerPlan, dependencies: IssuerDependencies): Issuer {
  // The table's type ties each kind to its plan; a union of functions cannot say so.
  const create = creators[plan.kind] as (plan: IssuerPlan, dependencies: IssuerDependencies) => Issuer;
  return create(plan, dependencies);
}
