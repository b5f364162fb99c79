import { createHash, randomBytes } from 'node:crypto';
import { RenewalError } from '../errors.ts';
import { nameSet, namesToCertify } from './alternative-names.ts';
import { csrSubject } from './csr.ts';
import { derInteger, tags, wrap } from './der.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  crlDistributionPoints,
  type Extension,
  extendedKeyUsage,
  keyUsage,
  purposes,
  subjectAltName,
  subjectKeyIdentifier,
} from './extensions.ts';
import { certificateParts } from './read.ts';
import { isEcdsa, type Jwa, type SignatureAlgorithm, signatureAlgorithms } from './signatures.ts';
import { encodeBody, encodeSigned } from './tbs.ts';
import type { CertificateDetails, CsrDetails, KeyType } from './types.ts';

/** What an authority certifies. Nothing of it is read from a clock or drawn, so that a repeat gives the same bytes. */
export interface Issuance {
  readonly csr: CsrDetails;
  /** The authority's own certificate. */
  readonly issuer: CertificateDetails;
  /** Hex; see `newSerial`. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** Dotted OIDs; a TLS server's alone when absent. */
  readonly extendedKeyUsage?: readonly string[];
  readonly crlUrls?: readonly string[];
}

/**
 * TBSCertificate of a TLS server certificate (RFC 5280): subject and key as the request has them, byte by byte, its names
 * and nothing else of what it asks for.
 */
export function toBeSigned(issuance: Issuance): Uint8Array {
  const { csr, issuer, serial, notBefore, notAfter, signatureAlgorithm } = issuance;
  return encodeBody({
    serial,
    signatureAlgorithm: signatureAlgorithm.oid,
    issuer: certificateParts(issuer.der).subject,
    subject: csrSubject(csr.der),
    notBefore,
    notAfter,
    spki: csr.spki,
    extensions: serverExtensions(issuance),
  });
}

function serverExtensions({ csr, issuer, crlUrls = [], ...rest }: Issuance): readonly Extension[] {
  const names = namesToCertify(csr);
  const isRsa = csr.keyType.startsWith('RSA-');
  return [
    basicConstraints(false),
    keyUsage(isRsa ? ['digitalSignature', 'keyEncipherment'] : ['digitalSignature']),
    extendedKeyUsage(rest.extendedKeyUsage ?? [purposes.serverAuth]),
    // Without a subject the alternative names are all there is, and RFC 5280 4.2.1.6 makes them critical.
    ...(nameSet(names).length === 0 ? [] : [subjectAltName(names, csr.subject.length === 0)]),
    ...(issuer.subjectKeyId === undefined ? [] : [authorityKeyIdentifier(issuer.subjectKeyId)]),
    subjectKeyIdentifier(keyIdentifier(csr.spki)),
    ...(crlUrls.length === 0 ? [] : [crlDistributionPoints(crlUrls)]),
  ];
}

/** The first 160 bits of SHA-256 over the SubjectPublicKeyInfo: as RFC 7093, which leaves the method to the authority. */
export function keyIdentifier(spki: Uint8Array): string {
  return createHash('sha256').update(spki).digest('hex').slice(0, 40);
}

const algorithmOfKey: Readonly<Record<KeyType, Jwa>> = {
  'RSA-2048': 'RS256',
  'RSA-3072': 'RS256',
  'RSA-4096': 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
};

/** What an authority with this key signs with. */
export function signatureAlgorithmOf(
  authority: Pick<CertificateDetails, 'keyType' | 'subjectText'>,
): SignatureAlgorithm {
  const jwa = authority.keyType === 'unknown' ? undefined : algorithmOfKey[authority.keyType];
  const algorithm = signatureAlgorithms.find((one) => one.jwa === jwa);
  if (algorithm === undefined) {
    const message = `certificate: the key of authority ${authority.subjectText} is of no type that can sign`;
    throw new RenewalError('issuer-misconfigured', message);
  }
  return algorithm;
}

/** DER of the certificate. ECDSA signatures come from Key Vault as r and s side by side (RFC 7518), X.509 wants them in DER. */
export function assemble(tbs: Uint8Array, signature: Uint8Array, algorithm: SignatureAlgorithm): Uint8Array {
  return encodeSigned(tbs, isEcdsa(algorithm) ? ecdsaDer(signature) : signature, algorithm.oid);
}

function ecdsaDer(raw: Uint8Array): Uint8Array {
  if (raw.length === 0 || raw.length % 2 === 1) {
    throw new RenewalError('bug', `certificate: an ECDSA signature of ${raw.length} bytes is not two numbers`);
  }
  const half = raw.length / 2;
  const numbers = [raw.subarray(0, half), raw.subarray(half)].map((part) =>
    derInteger(Buffer.from(part).toString('hex')),
  );
  return wrap(tags.sequence, ...numbers);
}

/** A serial number of 128 bits in hex, positive and never shorter: 126 of the bits are drawn. */
export function newSerial(random: (size: number) => Uint8Array = randomBytes): string {
  const bytes = Buffer.from(random(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
