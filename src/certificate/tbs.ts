import { derBitString, derInteger, derOid, tags, wrap } from './der.ts';
import { type Extension, encodeExtension } from './extensions.ts';

/** Everything that is signed in a certificate. Names and key are DER, and go in as the bytes they are. */
export interface CertificateBody {
  /** Hex, positive. */
  readonly serial: string;
  /** Dotted OID. */
  readonly signatureAlgorithm: string;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}

const version3 = wrap(tags.context(0), derInteger('02'));

/** TBSCertificate (RFC 5280 4.1) of version 3. The same body gives the same bytes, always. */
export function encodeBody(body: CertificateBody): Uint8Array {
  const extensions = body.extensions.map(encodeExtension);
  return wrap(
    tags.sequence,
    version3,
    derInteger(body.serial),
    algorithmIdentifier(body.signatureAlgorithm),
    body.issuer,
    wrap(tags.sequence, derTime(body.notBefore), derTime(body.notAfter)),
    body.subject,
    body.spki,
    ...(extensions.length === 0 ? [] : [wrap(tags.context(3), wrap(tags.sequence, ...extensions))]),
  );
}

/** The signature below what it signs: a certificate, or a request. `signature` is as X.509 has it, ECDSA in DER. */
export function encodeSigned(body: Uint8Array, signature: Uint8Array, oid: string): Uint8Array {
  return wrap(tags.sequence, body, algorithmIdentifier(oid), derBitString(signature));
}

/** RSA has NULL for its parameters (RFC 4055), ECDSA has none (RFC 5758). */
export function algorithmIdentifier(oid: string): Uint8Array {
  const isRsa = oid.startsWith('1.2.840.113549.1.1.');
  return wrap(tags.sequence, derOid(oid), isRsa ? Uint8Array.of(0x05, 0x00) : Uint8Array.of());
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 4.1.2.5); whole seconds. */
export function derTime(date: Date): Uint8Array {
  const text = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? wrap(tags.utcTime, Buffer.from(text.slice(2)))
    : wrap(tags.generalizedTime, Buffer.from(text));
}
