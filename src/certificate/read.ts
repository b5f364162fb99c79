import { X509Certificate } from 'node:crypto';
import { type AsnType, GeneralizedTime, UTCTime } from 'asn1js';
import { createRecent } from '../recent.ts';
import { noNames, readAlternativeNames } from './alternative-names.ts';
import { childrenOf, contentOf, isContext, oidOf, parseDer, rawOf, reading, unreadable } from './der.ts';
import {
  authorityKeyIdOf,
  basicConstraintsOf,
  type Extensions,
  extendedKeyUsageOf,
  extensionOids,
  keyUsageOf,
  readExtensions,
  subjectKeyIdOf,
} from './extensions.ts';
import { sha1Hex, sha256Hex } from './fingerprint.ts';
import { keyTypeOf } from './keys.ts';
import { readName, subjectText } from './names.ts';
import type { CertificateDetails } from './types.ts';

/** The parts of a certificate that have to be used as the very bytes they are. */
export interface CertificateParts {
  /** DER of the TBSCertificate, which is what the issuer has signed. */
  readonly body: Uint8Array;
  /** DER of the subject's Name. */
  readonly subject: Uint8Array;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Content of the serial number's INTEGER, with the leading zero of a large one. */
  readonly serial: Uint8Array;
  readonly extensions: Extensions;
}

/** Authorities, and what is looked at several times in one renewal, of about 5 kB each. */
const remembered = createRecent<CertificateDetails>(500);

/** Reads one X.509 certificate. Throws `RenewalError('certificate-unreadable')` at anything else. */
export function readCertificate(der: Uint8Array): CertificateDetails {
  const sha256 = sha256Hex(der);
  const details = remembered.get(sha256) ?? parseCertificate(der);
  remembered.set(sha256, details);
  return details;
}

function parseCertificate(der: Uint8Array): CertificateDetails {
  return reading('the certificate', () => {
    const fields = fieldsOf(der);
    // OpenSSL reads it too: what it refuses would be refused by every server later on.
    new X509Certificate(der);
    return detailsOf(Uint8Array.from(der), fields);
  });
}

/** Chain building asks for the parts of the same few certificates again and again, and parsing is what takes its time. */
const knownParts = new WeakMap<Uint8Array, CertificateParts>();

/** The raw parts of a certificate that `readCertificate` has read before: give it the `der` of the details. */
export function certificateParts(der: Uint8Array): CertificateParts {
  const known = knownParts.get(der) ?? reading('the certificate', () => partsOf(der));
  knownParts.set(der, known);
  return known;
}

function partsOf(der: Uint8Array): CertificateParts {
  const { body, subject, spki, serial, extensions } = fieldsOf(der);
  return {
    body: rawOf(body, 'the certificate body'),
    subject: rawOf(subject, 'the subject'),
    spki: rawOf(spki, 'the public key'),
    serial: contentOf(serial, 'the serial number'),
    extensions: readExtensions(extensions),
  };
}

interface Fields {
  readonly body: AsnType | undefined;
  readonly serial: AsnType | undefined;
  readonly signature: AsnType | undefined;
  readonly issuer: AsnType | undefined;
  readonly validity: AsnType | undefined;
  readonly subject: AsnType | undefined;
  readonly spki: AsnType | undefined;
  readonly extensions: AsnType | undefined;
}

/** Certificate ::= { TBSCertificate { [0] version, serial, signature, issuer, validity, subject, spki, …, [3] extensions }, algorithm, signature } */
function fieldsOf(der: Uint8Array): Fields {
  const outer = childrenOf(parseDer(der, 'the certificate'), 'the certificate');
  const tbs = childrenOf(outer[0], 'the certificate body');
  const [serial, signature, issuer, validity, subject, spki, ...rest] = isContext(tbs[0], 0) ? tbs.slice(1) : tbs;
  if (algorithmOf(signature) !== algorithmOf(outer[1])) throw unreadable('the certificate names two algorithms');
  const wrapper = rest.find((block) => isContext(block, 3));
  const extensions = wrapper === undefined ? undefined : childrenOf(wrapper, 'the extensions', 3)[0];
  return { body: outer[0], serial, signature, issuer, validity, subject, spki, extensions };
}

function algorithmOf(block: AsnType | undefined): string {
  return oidOf(childrenOf(block, 'the algorithm')[0], 'the algorithm');
}

function detailsOf(der: Uint8Array, fields: Fields): CertificateDetails {
  const subject = readName(fields.subject, 'the subject');
  const issuer = readName(fields.issuer, 'the issuer');
  const [notBefore, notAfter] = childrenOf(fields.validity, 'the validity');
  const spki = rawOf(fields.spki, 'the public key');
  return {
    der,
    sha256: sha256Hex(der),
    sha1: sha1Hex(der),
    serial: Buffer.from(contentOf(fields.serial, 'the serial number'))
      .toString('hex')
      .replace(/^(00)+(?=..)/, ''),
    subject,
    issuer,
    subjectText: subjectText(subject),
    issuerText: subjectText(issuer),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    keyType: keyTypeOf(spki),
    spkiSha256: sha256Hex(spki),
    signatureAlgorithm: algorithmOf(fields.signature),
    ...extensionDetails(readExtensions(fields.extensions)),
  };
}

function extensionDetails(
  extensions: Extensions,
): Pick<CertificateDetails, 'names' | 'isCa' | 'keyUsage' | 'extendedKeyUsage' | 'authorityKeyId' | 'subjectKeyId'> {
  const names = extensions.get(extensionOids.subjectAltName);
  const authorityKeyId = authorityKeyIdOf(extensions);
  const subjectKeyId = subjectKeyIdOf(extensions);
  return {
    names: names === undefined ? noNames : readAlternativeNames(names.value),
    isCa: basicConstraintsOf(extensions).ca,
    keyUsage: keyUsageOf(extensions),
    extendedKeyUsage: extendedKeyUsageOf(extensions),
    ...(authorityKeyId === undefined ? {} : { authorityKeyId }),
    ...(subjectKeyId === undefined ? {} : { subjectKeyId }),
  };
}

export function timeOf(block: AsnType | undefined): Date {
  if (!(block instanceof UTCTime) && !(block instanceof GeneralizedTime)) throw unreadable('a date is not a time');
  const date = block.toDate();
  if (Number.isNaN(date.getTime())) throw unreadable('a date is not a date');
  return date;
}
