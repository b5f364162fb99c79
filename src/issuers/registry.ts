import type { IssuerPlan } from '../plan/types.ts';
import type { VaultSigner } from '../vault/port.ts';
import type { Issuer } from './port.ts';
import * as vaultCa from './vault-ca.ts';

/** What issuers are made of; each takes what it needs. */
export interface IssuerDependencies extends Omit<vaultCa.VaultCaDependencies, 'signer'> {
  /** Makes a signer with the key of a certificate: `{vault}/certificates/{name}`. */
  readonly signerOf: (certificateId: string) => VaultSigner;
}

type Creators = {
  readonly [K in IssuerPlan['kind']]: (
    plan: Extract<IssuerPlan, { kind: K }>,
    dependencies: IssuerDependencies,
  ) => Issuer;
};

/** Every kind of issuer, one line each. */
const creators: Creators = {
  [vaultCa.kind]: (plan, { signerOf, ...rest }) =>
    vaultCa.create(plan, { ...rest, signer: signerOf(plan.certificate) }),
};

export function createIssuer(plan: IssuerPlan, dependencies: IssuerDependencies): Issuer {
  return creators[plan.kind](plan, dependencies);
}
