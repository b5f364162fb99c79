import { RenewalError } from '../errors.ts';
import type { Estate, EstateCertificate, EstateVault, Plan } from './types.ts';

/** The plan of a certificate. A validated estate has it; another one is a bug. */
export function planOf(estate: Pick<Estate, 'plans'>, certificate: Pick<EstateCertificate, 'plan'>): Plan {
  const plan = Object.hasOwn(estate.plans, certificate.plan) ? estate.plans[certificate.plan] : undefined;
  if (plan === undefined) throw new RenewalError('bug', `estate: no plan ${certificate.plan}`);
  return plan;
}

/** Names compare without case, as in Key Vault. */
export function findCertificate(estate: Estate, vaultName: string, name: string): EstateCertificate | undefined {
  return indexOf(estate).get(keyOf(vaultName, name));
}

/** Finds a vault by its name or by its URI, with or without a trailing slash. */
export function findVault(estate: Pick<Estate, 'vaults'>, uriOrName: string): EstateVault | undefined {
  const wanted = uriOrName.replace(/\/$/, '');
  return estate.vaults.find(({ name, uri }) => equal(name, wanted) || equal(uri, wanted));
}

function equal(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

const indexes = new WeakMap<Estate, ReadonlyMap<string, EstateCertificate>>();

/** Made once an estate: a sweep looks every certificate up, and an estate may have ten thousand of them. */
function indexOf(estate: Estate): ReadonlyMap<string, EstateCertificate> {
  const made = indexes.get(estate);
  if (made !== undefined) return made;
  const index = new Map(estate.certificates.map((one) => [keyOf(one.vault, one.name), one]));
  indexes.set(estate, index);
  return index;
}

function keyOf(vault: string, name: string): string {
  return `${vault}/${name}`.toLowerCase();
}
