import { nameSet, namesToCertify } from '../certificate/alternative-names.ts';
import { readCsr, verifyCsr } from '../certificate/csr.ts';
import type { CsrDetails } from '../certificate/types.ts';
import { RenewalError } from '../errors.ts';
import type { IssuerLimits } from '../plan/issuers/every-issuer.ts';

/** What is asked for, whoever asks. */
type Asked = Pick<CsrDetails, 'keyType' | 'names' | 'subject'>;

const MOST_NAMES = 100;
const LONGEST_NAME = 253;
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';

/** A host name of at least two labels; a wildcard only as the whole leftmost one. */
const HOST_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})+$`);

/** A CSR as it was submitted, in base64; `undefined` when it cannot be read. */
export function readableCsr(base64: string): CsrDetails | undefined {
  try {
    return readCsr(new Uint8Array(Buffer.from(base64, 'base64')));
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'certificate-unreadable') return undefined;
    throw error;
  }
}

/**
 * Why no issuer is asked for this CSR: its key has not signed it, which not every CA looks at, or it is outside what the
 * estate file allows. `undefined` when nothing stands against it.
 */
export async function csrRefusal(csr: CsrDetails, limits: IssuerLimits): Promise<string | undefined> {
  if (!(await verifyCsr(csr.der))) return 'the CSR is not signed by its own key';
  return limitRefusal(csr, limits);
}

/** The same of a request that is not made yet, by what it will ask for. */
export function limitRefusal(csr: Asked, { keys, dnsSuffixes }: IssuerLimits): string | undefined {
  if (csr.keyType === 'unknown' || !keys.includes(csr.keyType)) {
    return `the key type ${csr.keyType} is not one of ${keys.join(', ')}`;
  }
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

/** Names come from a request: quoted and cut for a log line. */
function shown(name: string): string {
  return JSON.stringify(name.slice(0, 80));
}
