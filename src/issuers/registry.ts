import type { HttpClient } from '@azure/core-rest-pipeline';
import type { AddressRule } from '../address.ts';
import type { Arm } from '../azure/arm.ts';
import type { Clock } from '../clock.ts';
import type { AppRowStore } from '../estate/app-rows.ts';
import type { AnswerStore, IssuanceStore, RevocationStore } from '../estate/port.ts';
import type { RelayStore } from '../estate/relayed-order.ts';
import type { VaultCaPlan } from '../plan/issuers/vault-ca.ts';
import type { IssuerPlan } from '../plan/types.ts';
import type { Vault, VaultKey, VaultSigner } from '../vault/port.ts';
import * as acme from './acme.ts';
import * as adCs from './ad-cs.ts';
import * as cfssl from './cfssl.ts';
import { createCredential } from './credential.ts';
import type { CrlContainer } from './crl-container.ts';
import * as digicert from './digicert.ts';
import * as ejbca from './ejbca.ts';
import * as est from './est.ts';
import * as globalsign from './globalsign.ts';
import * as manual from './manual.ts';
import * as partner from './partner.ts';
import type { Issuer } from './port.ts';
import * as stepCa from './step-ca.ts';
import * as vaultCa from './vault-ca.ts';
import type { CrlPublisher } from './vault-ca-crl.ts';
import * as vaultPki from './vault-pki.ts';
import * as webhook from './webhook.ts';

/** What issuers are made of; each takes what it needs. */
export interface IssuerDependencies {
  /** Name of the issuer in the estate file. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: (size: number) => Uint8Array;
  readonly issuances: IssuanceStore;
  readonly answers: AnswerStore;
  readonly revocations: RevocationStore;
  readonly relayed: RelayStore;
  readonly rows: AppRowStore;
  readonly arm: Arm;
  /** Where issuers inside the vault work. */
  readonly vault: Vault;
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
  /** The blob container that CRLs are published to, by its URL. */
  readonly crlContainer: (url: string) => CrlContainer;
  /** Where callers reach the app, without a slash at the end; absent: nobody knows. */
  readonly publicUrl?: string | undefined;
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
  [partner.kind]: (plan, all) => partner.create(plan, all),
  [est.kind]: est.create,
  [adCs.kind]: adCs.create,
  [stepCa.kind]: (plan, all) => stepCa.create(plan, { ...all, provisionerKey: all.keyOf(plan.provisionerKey) }),
  [digicert.kind]: digicert.create,
  [cfssl.kind]: cfssl.create,
  [ejbca.kind]: ejbca.create,
  [globalsign.kind]: globalsign.create,
  [webhook.kind]: (plan, all) => webhook.create(plan, { ...all, credential: credentialOf(plan.secret, all) }),
  [manual.kind]: manual.create,
  [vaultPki.kind]: vaultPki.create,
  [vaultCa.kind]: (plan, all) => vaultCa.create(plan, ofVaultCa(plan, all)),
};

export function createIssuer(plan: IssuerPlan, dependencies: IssuerDependencies): Issuer {
  // The table's type ties each kind to its plan; a union of functions cannot say so.
  const create = creators[plan.kind] as (plan: IssuerPlan, dependencies: IssuerDependencies) => Issuer;
  return create(plan, dependencies);
}

type CaDependencies = Omit<IssuerDependencies, 'mayConnect' | 'name'>;

/** What publishes the CRLs of an issuer; `undefined` for one that has none to publish. */
export function createCrls(plan: IssuerPlan, dependencies: CaDependencies): CrlPublisher | undefined {
  return plan.kind === 'vault-ca' ? vaultCa.crlPublisher(plan, ofVaultCa(plan, dependencies)) : undefined;
}

function ofVaultCa(plan: VaultCaPlan, all: CaDependencies): vaultCa.VaultCaDependencies {
  return {
    ...all,
    signer: all.signerOf(plan.certificate),
    container: plan.crl && all.crlContainer(plan.crl.container),
  };
}

function credentialOf(secretId: string, { secret, clock }: IssuerDependencies) {
  return createCredential(() => secret(secretId), clock);
}
