import { type KeyObject, X509Certificate } from 'node:crypto';
import { readPfx } from '../vault/pfx-read.ts';

/** What App Service takes out of a vault's PKCS#12 secret. */
export interface Bundle {
  readonly leaf: X509Certificate;
  /** Every certificate of the file, in the order of the file. */
  readonly held: readonly X509Certificate[];
  /** Leaf, then each issuer that the file holds, in issuing order: for rules, never for what is sent. */
  readonly path: readonly X509Certificate[];
  readonly key: KeyObject;
}

/**
 * What a TLS server sends: what the file holds, as the file holds it, so that a chain in a wrong order is seen by whoever
 * looks. The leaf alone is moved to the front: a handshake cannot be signed with the key of another certificate.
 */
export function sentChain({ leaf, held }: Bundle): readonly X509Certificate[] {
  return [leaf, ...held.filter((certificate) => certificate !== leaf)];
}

/** Azure's name for a certificate: SHA-1 of its DER in upper-case hex. */
export function thumbprint(certificate: X509Certificate): string {
  return certificate.fingerprint.replaceAll(':', '');
}

/** A vault gives the same file until there is another version, and opening one takes thousands of hashes. */
const opened = new Map<string, Bundle | undefined>();
const MOST_OPENED = 32;

/** Reads a base64 PKCS#12 file without password; `undefined` when it is none, or holds no certificate with its key. */
export function readBundle(base64: string): Bundle | undefined {
  if (opened.has(base64)) return opened.get(base64);
  if (opened.size >= MOST_OPENED) opened.clear();
  const bundle = open(base64);
  opened.set(base64, bundle);
  return bundle;
}

function open(base64: string): Bundle | undefined {
  const read = readPfx(Buffer.from(base64, 'base64'), '');
  if (read.state !== 'read' || read.content.key === undefined) return undefined;
  const { key } = read.content;
  try {
    const certificates = read.content.certificates.map((der) => new X509Certificate(der));
    const leaf = certificates.find((certificate) => certificate.checkPrivateKey(key));
    return leaf && { leaf, held: certificates, path: pathFrom(leaf, certificates), key };
  } catch {
    // Not every certificate in the file is one: no part of it is used.
    return undefined;
  }
}

/** The leaf and, above it, issuer after issuer, as far as `candidates` reach. */
export function pathFrom(leaf: X509Certificate, candidates: readonly X509Certificate[]): readonly X509Certificate[] {
  const path = [leaf];
  for (let last = leaf; path.length <= candidates.length && !isSelfIssued(last); ) {
    const issuer = candidates.find((other) => !path.includes(other) && isIssuedBy(last, other));
    if (issuer === undefined) break;
    path.push(issuer);
    last = issuer;
  }
  return path;
}

export function isSelfIssued(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
