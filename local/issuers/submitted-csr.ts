import { nameSet, namesToCertify } from '../../src/certificate/alternative-names.ts';
import { readCsr, verifyCsr } from '../../src/certificate/csr.ts';
import type { CsrDetails } from '../../src/certificate/types.ts';

/** What an emulated CA makes of a PKCS#10 in PEM. */
export type SubmittedCsr =
  | { readonly state: 'no-pem' }
  | { readonly state: 'unreadable'; readonly detail: string }
  | { readonly state: 'forged' }
  | {
      readonly state: 'read';
      readonly csr: CsrDetails;
      readonly commonName: string | undefined;
      /** Its DNS names, or the common name where it has none. */
      readonly names: readonly string[];
    };

const PEM = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----/;
const COMMON_NAME = '2.5.4.3';

export async function readSubmittedCsr(text: unknown): Promise<SubmittedCsr> {
  const base64 = typeof text === 'string' ? PEM.exec(text)?.[1] : undefined;
  if (base64 === undefined) return { state: 'no-pem' };
  try {
    const csr = readCsr(Buffer.from(base64, 'base64'));
    if (!(await verifyCsr(csr.der))) return { state: 'forged' };
    const commonName = csr.subject.flat().find(({ type }) => type === COMMON_NAME)?.value;
    const names = nameSet(namesToCertify(csr)).map((name) => name.replace(/^\w+:/, ''));
    return { state: 'read', csr, commonName, names };
  } catch (error) {
    return { state: 'unreadable', detail: error instanceof Error ? error.message : String(error) };
  }
}
