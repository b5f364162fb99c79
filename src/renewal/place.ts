import { findCertificate, findVault, planOf } from '../plan/look-up.ts';
import type { Estate, EstateCertificate, EstateVault, Plan } from '../plan/types.ts';

/** A certificate of the estate with its vault and its plan. */
export interface Place {
  readonly vault: EstateVault;
  readonly certificate: EstateCertificate;
  readonly plan: Plan;
}

/** `undefined` when the estate file does not name the certificate. */
export function placeOf(estate: Estate, vaultName: string, name: string): Place | undefined {
  const certificate = findCertificate(estate, vaultName, name);
  const vault = certificate && findVault(estate, certificate.vault);
  return vault && { vault, certificate, plan: planOf(estate, certificate) };
}
