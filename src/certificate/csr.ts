import type { AsnType } from 'asn1js';
import { createRecent } from '../recent.ts';
import { noNames, readAlternativeNames } from './alternative-names.ts';
import { bitsOf, childrenOf, isContext, oidOf, parseDer, rawOf, reading, unreadable } from './der.ts';
import { type Extensions, extendedKeyUsageOf, extensionOids, readExtensions } from './extensions.ts';
import { sha256Hex } from './fingerprint.ts';
import { keyTypeOf } from './keys.ts';
import { readName, subjectText } from './names.ts';
import { isSignedBy, signatureAlgorithm } from './signatures.ts';
import type { CsrDetails } from './types.ts';

/** PKCS#9 extensionRequest (RFC 2985 5.4.2), and Microsoft's older one of the same shape. */
const extensionRequests = ['1.2.840.113549.1.9.14', '1.3.6.1.4.1.311.2.1.14'];

/** Those of renewals that run at the moment: every step looks at the same request again. */
const remembered = createRecent<CsrDetails>(100);

/** Reads a PKCS#10 request. Throws `RenewalError('certificate-unreadable')`. Its signature: see `verifyCsr`. */
export function readCsr(der: Uint8Array): CsrDetails {
  const sha256 = sha256Hex(der);
  const details = remembered.get(sha256) ?? parseCsr(der);
  remembered.set(sha256, details);
  return details;
}

function parseCsr(der: Uint8Array): CsrDetails {
  return reading('the certificate request', () => {
    const { subject, spki, extensions } = csrFields(der);
    const name = readName(subject, 'the subject');
    const key = rawOf(spki, 'the public key');
    const names = extensions.get(extensionOids.subjectAltName);
    return {
      der: Uint8Array.from(der),
      sha256: sha256Hex(der),
      subject: name,
      subjectText: subjectText(name),
      names: names === undefined ? noNames : readAlternativeNames(names.value),
      extendedKeyUsage: extendedKeyUsageOf(extensions),
      keyType: keyTypeOf(key),
      spkiSha256: sha256Hex(key),
      spki: key,
    };
  });
}

/** True when whoever made the request holds its private key. False too for algorithms weaker than SHA-256. */
export async function verifyCsr(der: Uint8Array): Promise<boolean> {
  return reading('the certificate request', () => {
    const { signed, spki, algorithm, signature } = csrFields(der);
    const known = signatureAlgorithm(algorithm);
    if (known === undefined) return false;
    return isSignedBy({ signed, signature, algorithm: known, spki: rawOf(spki, 'the public key') });
  });
}

/** Dotted OIDs of the extensions that are asked for. */
export function csrExtensions(der: Uint8Array): readonly string[] {
  return reading('the certificate request', () => [...csrFields(der).extensions.keys()]);
}

/** DER of the request's subject, to be certified as it is. */
export function csrSubject(der: Uint8Array): Uint8Array {
  return reading('the certificate request', () => rawOf(csrFields(der).subject, 'the subject'));
}

/** CertificationRequest ::= { { version, subject, spki, [0] attributes }, algorithm, signature } */
function csrFields(der: Uint8Array): {
  readonly signed: Uint8Array;
  readonly subject: AsnType | undefined;
  readonly spki: AsnType | undefined;
  readonly extensions: Extensions;
  readonly algorithm: string;
  readonly signature: Uint8Array;
} {
  const [request, algorithm, signature] = childrenOf(
    parseDer(der, 'the certificate request'),
    'the certificate request',
  );
  const [, subject, spki, attributes] = childrenOf(request, 'the request body');
  return {
    signed: rawOf(request, 'the request body'),
    subject,
    spki,
    extensions: readExtensions(extensionsBlock(attributes)),
    algorithm: oidOf(childrenOf(algorithm, 'the algorithm')[0], 'the algorithm'),
    signature: bitsOf(signature, 'the signature'),
  };
}

function extensionsBlock(attributes: AsnType | undefined): AsnType | undefined {
  if (!isContext(attributes, 0)) return undefined;
  const asked = childrenOf(attributes, 'the attributes', 0).flatMap((attribute) => {
    const [type, values] = childrenOf(attribute, 'an attribute');
    if (!extensionRequests.includes(oidOf(type, 'an attribute'))) return [];
    return childrenOf(values, 'the requested extensions', 'set').slice(0, 1);
  });
  if (asked.length > 1) throw unreadable('the request asks for extensions twice');
  return asked[0];
}
