import { isIP } from 'node:net';
import { commonNameOid } from '../certificate/names.ts';
import type { CertificateDetails, CsrDetails } from '../certificate/types.ts';
import type { VaultCaPlan } from '../plan/issuers/vault-ca.ts';
import { csrRefusal } from './limits.ts';

export interface Application {
  readonly csr: CsrDetails;
  readonly validityDays: number;
  readonly limits: VaultCaPlan['limits'];
  readonly ca: CertificateDetails;
  readonly now: Date;
  /** The end of the life that the certificate would get. */
  readonly notAfter: Date;
}

const LONGEST_COMMON_NAME = 64;

/** Why this CA does not sign that CSR; `undefined` when it does. */
export async function refusal(application: Application): Promise<string | undefined> {
  const { csr, limits } = application;
  return (await csrRefusal(csr, limits)) ?? subjectRefusal(csr) ?? datesRefusal(application);
}

function subjectRefusal({ subject }: CsrDetails): string | undefined {
  for (const { type, value } of subject.flat()) {
    if (/\p{Cc}/u.test(value)) return 'the subject has a control character';
    if (type !== commonNameOid) continue;
    if (value.length > LONGEST_COMMON_NAME) return `the common name is longer than ${LONGEST_COMMON_NAME} characters`;
    if (isIP(value) !== 0) return 'the common name is an IP address';
  }
  return undefined;
}

function datesRefusal({ validityDays, limits, ca, now, notAfter }: Application): string | undefined {
  if (!Number.isInteger(validityDays) || validityDays < 1) return `a life of ${validityDays} days is not possible`;
  if (validityDays > limits.maxDays) return `a life of ${validityDays} days is longer than ${limits.maxDays} days`;
  if (now < ca.notBefore) return `the CA certificate is not valid before ${ca.notBefore.toISOString()}`;
  if (notAfter > ca.notAfter) return `the CA certificate itself ends at ${ca.notAfter.toISOString()}`;
  return undefined;
}
