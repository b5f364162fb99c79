import { compareNames, namesToCertify } from '../certificate/alternative-names.ts';
import { readCsr } from '../certificate/csr.ts';
import { readCertificate } from '../certificate/read.ts';
import { RenewalError } from '../errors.ts';
import type { Inspection } from '../vault/port.ts';

/**
 * Whether the issuer inside the vault has certified other names than it was asked for. At the first look there is no version
 * to compare with, but the vault keeps the operation that made the current one, and with it the CSR. Dates and keys are not
 * judged here: the plan of the time may have been another one.
 */
export function hasOtherNames({ pending, current }: Extract<Inspection, { state: 'present' }>): boolean {
  if (pending?.status !== 'completed' || current === undefined) return false;
  try {
    const csr = readCsr(Buffer.from(pending.csr, 'base64'));
    const { spkiSha256, names } = readCertificate(Buffer.from(current.der, 'base64'));
    const { missing, extra } = compareNames(namesToCertify(csr), names);
    return csr.spkiSha256 === spkiSha256 && missing.length + extra.length > 0;
  } catch (error) {
    // It tells nothing then, and must not keep the certificate from being renewed.
    if (error instanceof RenewalError && error.code === 'certificate-unreadable') return false;
    throw error;
  }
}
