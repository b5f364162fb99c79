import { createHash, X509Certificate } from 'node:crypto';
import { assemble, signatureAlgorithmOf } from '../certificate/issue.ts';
import { pemToDer } from '../certificate/pem.ts';
import { certificateParts, readCertificate } from '../certificate/read.ts';
import type { CertificateDetails } from '../certificate/types.ts';
import { type ErrorCode, RenewalError } from '../errors.ts';
import type { SigningVersion } from '../vault/port.ts';

/** One version of the CA certificate, and the key that it is of. */
export interface Authority {
  /** Hex that stands for its name and its key: versions that have both in common have one CRL. */
  readonly id: string;
  readonly ca: CertificateDetails;
  readonly signing: SigningVersion;
}

/** Throws `issuer-misconfigured` when the version is no CA certificate. */
export function authorityOf(signing: SigningVersion): Authority {
  const ca = readCertificate(new Uint8Array(Buffer.from(signing.certificate, 'base64')));
  if (!ca.isCa || !may(ca, 'keyCertSign')) {
    throw new RenewalError('issuer-misconfigured', `the certificate ${ca.subjectText} is no CA certificate`);
  }
  const { subject, spki } = certificateParts(ca.der);
  const id = createHash('sha256').update(subject).update(spki).digest('hex').slice(0, 40);
  return { id, ca, signing };
}

/** Without key usage a key may do anything. */
export function may({ keyUsage }: CertificateDetails, use: 'keyCertSign' | 'cRLSign'): boolean {
  return keyUsage.length === 0 || keyUsage.includes(use);
}

/** DER of `body` with the authority's signature below it. Azure: one keys/sign. */
export async function signedBy({ ca, signing }: Authority, body: Uint8Array): Promise<Uint8Array> {
  const algorithm = signatureAlgorithmOf(ca);
  const digest = new Uint8Array(createHash(algorithm.hash).update(body).digest());
  return assemble(body, await signing.sign(algorithm.jwa, digest), algorithm);
}

/** What is sent after the CA certificate: of the certificates at hand those that lead upwards from it, up to the last one. */
export function chainAbove(ca: CertificateDetails, pems: readonly string[]): readonly Uint8Array[] {
  const rest = pems.flatMap((pem) => pemToDer(pem)).map((der) => new X509Certificate(der));
  const chain: X509Certificate[] = [];
  for (let last = new X509Certificate(ca.der); ; ) {
    const next = rest.findIndex((one) => last.checkIssued(one) && last.verify(one.publicKey));
    const [issuer] = next < 0 ? [] : rest.splice(next, 1);
    if (issuer === undefined) return chain.map(({ raw }) => new Uint8Array(raw));
    chain.push(issuer);
    last = issuer;
  }
}

/** Errors of the vault and of the stores as the port knows them: try again, or somebody must mend the configuration. */
export async function asIssuer<T>(action: string, about: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code === 'bug') throw error;
    const code: ErrorCode = error.retry ? 'issuer-unreachable' : 'issuer-misconfigured';
    throw new RenewalError(code, `vault-ca: ${action} failed: ${about}: ${error.message}`, {
      cause: { code: error.code },
      retryAfterSeconds: error.retryAfterSeconds,
    });
  }
}
