import { RenewalError } from '../errors.ts';
import { excessOf } from './acceptance.ts';
import { nameSet, namesToCertify } from './alternative-names.ts';
import { buildChain } from './chain.ts';
import { findCertificates } from './pem.ts';
import { holdsPrivateKey } from './private-key.ts';
import { readCertificate } from './read.ts';
import type { CertificateDetails, CsrDetails } from './types.ts';

/** What an uploaded chain is measured by, before it is kept. */
export interface UploadRequest {
  readonly csr: CsrDetails;
  /** DERs that the chain may need and that nobody has to send. */
  readonly intermediates: readonly Uint8Array[];
  /** DERs of the roots that it has to end at. */
  readonly roots: readonly Uint8Array[];
  readonly now: Date;
}

export const uploadMistakes = [
  'private-key',
  'too-large',
  'unreadable',
  'wrong-key',
  'missing-name',
  'chain-broken',
] as const;
export type UploadMistake = (typeof uploadMistakes)[number];

/** `fix` says what to send instead. Nothing of the upload is repeated but names of certificates. */
export type UploadedChain =
  /** base64 DERs, leaf first, then the others in their order. */
  | { readonly state: 'read'; readonly chain: readonly string[] }
  | { readonly state: 'refused'; readonly mistake: UploadMistake; readonly detail: string; readonly fix: string };

type Refused = Extract<UploadedChain, { state: 'refused' }>;

/**
 * Reads a chain that somebody uploads for a CSR. It is judged while they can still send another one: the key has to be that
 * of the CSR, every name has to be there, and the chain has to reach a root. Acceptance judges the rest, as of every issuer.
 */
export function readChainUpload(bytes: Uint8Array, request: UploadRequest): UploadedChain {
  if (holdsPrivateKey(bytes)) {
    return refused(
      'private-key',
      'there is a private key in it',
      'send certificates alone; treat that key as compromised',
    );
  }
  const found = findCertificates(bytes);
  if (found.state === 'too-large') return refused('too-large', found.detail, 'send the leaf and its intermediates');
  if (found.state === 'unreadable') return unreadable(found.detail);
  const certificates = readAll(found.ders);
  return 'state' in certificates ? certificates : judge(certificates.all, request);
}

/**
 * A chain as a machine sent it, of which nothing is asked back: base64 DERs, leaf first, or the very text where it cannot be
 * read, so that acceptance gives the reason. `undefined`: a private key is in it, and nobody may keep that.
 */
export function sentChain(text: string, csr: CsrDetails): readonly string[] | undefined {
  if (holdsPrivateKey(Buffer.from(text))) return undefined;
  const found = findCertificates(text);
  const certificates = found.state === 'read' ? readAll(found.ders) : undefined;
  return certificates === undefined || 'state' in certificates ? [text] : leafFirst(certificates.all, csr);
}

function leafFirst(all: readonly CertificateDetails[], csr: CsrDetails): readonly string[] {
  const isLeaf = ({ spkiSha256 }: CertificateDetails) => spkiSha256 === csr.spkiSha256;
  const ordered = [...all.filter(isLeaf), ...all.filter((one) => !isLeaf(one))];
  return ordered.map(({ der }) => Buffer.from(der).toString('base64'));
}

function judge(all: readonly CertificateDetails[], request: UploadRequest): UploadedChain {
  const { csr, intermediates, roots, now } = request;
  const [leaf, ...more] = all.filter(({ spkiSha256 }) => spkiSha256 === csr.spkiSha256);
  if (leaf === undefined || more.length > 0) {
    const detail = `${leaf === undefined ? 'none' : more.length + 1} of its certificates has the key of the CSR`;
    return refused('wrong-key', detail, "send the one certificate that was made from this order's CSR, and its chain");
  }
  const missing = missingNames(leaf, csr);
  if (missing.length > 0) {
    const detail = `the certificate lacks ${missing.slice(0, 5).join(', ')}`;
    return refused('missing-name', detail, 'have all names of the CSR certified');
  }
  const candidates = [...all, ...intermediates.map(readCertificate)];
  const built = buildChain({ leaf, candidates, roots: roots.map(readCertificate), now });
  if (built.state === 'broken') {
    return refused('chain-broken', built.detail, "send the intermediates too, up to one of the issuer's roots");
  }
  const chain = leafFirst(all, csr);
  const excess = excessOf(chain);
  if (excess !== undefined) return refused('too-large', excess, 'send the leaf and its intermediates');
  return { state: 'read', chain };
}

function missingNames(leaf: CertificateDetails, csr: CsrDetails): readonly string[] {
  const there = new Set(nameSet(leaf.names));
  return nameSet(namesToCertify(csr)).filter((name) => !there.has(name));
}

function readAll(ders: readonly Uint8Array[]): { readonly all: readonly CertificateDetails[] } | Refused {
  try {
    const all = new Map(ders.map(readCertificate).map((certificate) => [certificate.sha256, certificate]));
    return { all: [...all.values()] };
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'certificate-unreadable') return unreadable(error.message);
    throw error;
  }
}

function unreadable(detail: string): Refused {
  return refused('unreadable', detail, 'send PEM, DER or PKCS#7 with the certificate and its chain');
}

function refused(mistake: UploadMistake, detail: string, fix: string): Refused {
  return { state: 'refused', mistake, detail, fix };
}
