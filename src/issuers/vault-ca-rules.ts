import { isIP } from 'node:net';
import { nameSet, namesToCertify } from '../certificate/alternative-names.ts';
import { verifyCsr } from '../certificate/csr.ts';
import { commonNameOid } from '../certificate/names.ts';
import type { CertificateDetails, CsrDetails } from '../certificate/types.ts';
import type { VaultCaPlan } from '../plan/types.ts';

export interface Application {
  readonly csr: CsrDetails;
  readonly validityDays: number;
  readonly limits: VaultCaPlan['limits'];
  readonly ca: CertificateDetails;
  readonly now: Date;
  /** The end of the life that the certificate would get. */
  readonly notAfter: Date;
}

const MOST_NAMES = 100;
const LONGEST_COMMON_NAME = 64;
const LONGEST_NAME = 253;
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';

/** A host name of at least two labels; a wildcard only as the whole leftmost one. */
const HOST_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})+$`);

/** Why this CA does not sign that CSR; `undefined` when it does. */
export async function refusal(application: Application): Promise<string | undefined> {
  const { csr, limits } = application;
  if (!(await verifyCsr(csr.der))) return 'the CSR is not signed by its own key';
  if (csr.keyType === 'unknown' || !limits.keys.includes(csr.keyType)) {
    return `the key type ${csr.keyType} is not one of ${limits.keys.join(', ')}`;
  }
  return subjectRefusal(csr) ?? namesRefusal(csr, limits.dnsSuffixes) ?? datesRefusal(application);
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

function namesRefusal(csr: CsrDetails, dnsSuffixes: readonly string[]): string | undefined {
  const names = nameSet(namesToCertify(csr));
  if (names.length === 0) return 'the CSR has no DNS name';
  if (names.length > MOST_NAMES) return `the CSR has ${names.length} names, and ${MOST_NAMES} are allowed`;
  const suffixes = dnsSuffixes.map((suffix) => suffix.toLowerCase());
  for (const name of names) {
    const dns = name.startsWith('dns:') ? name.slice(4) : undefined;
    if (dns === undefined) return `this CA signs for DNS names only, not for ${shown(name)}`;
    if (!HOST_NAME.test(dns) || dns.length > LONGEST_NAME) return `${shown(dns)} is not a host name`;
    if (!isWithin(dns, suffixes)) return `${shown(dns)} is not within ${suffixes.join(', ')}`;
  }
  return undefined;
}

/** The suffix itself and everything below it; of a wildcard, what it stands for. */
function isWithin(name: string, suffixes: readonly string[]): boolean {
  const host = name.startsWith('*.') ? name.slice(2) : name;
  return suffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}

function datesRefusal({ validityDays, limits, ca, now, notAfter }: Application): string | undefined {
  if (!Number.isInteger(validityDays) || validityDays < 1) return `a life of ${validityDays} days is not possible`;
  if (validityDays > limits.maxDays) return `a life of ${validityDays} days is longer than ${limits.maxDays} days`;
  if (now < ca.notBefore) return `the CA certificate is not valid before ${ca.notBefore.toISOString()}`;
  if (notAfter > ca.notAfter) return `the CA certificate itself ends at ${ca.notAfter.toISOString()}`;
  return undefined;
}

/** Names come from a request: quoted and cut for a log line. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
