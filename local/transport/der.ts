import * as asn1 from 'asn1js';

/** Any ASN.1 value that can be encoded. */
export type Der = asn1.BaseBlock;

/** ASN.1 notation in short, so that a structure reads as its RFC writes it. */
export const sequence = (...value: Der[]): Der => new asn1.Sequence({ value });
export const set = (...value: Der[]): Der => new asn1.Set({ value });
export const oid = (value: string): Der => new asn1.ObjectIdentifier({ value });
export const nothing = (): Der => new asn1.Null();
export const truth = (value: boolean): Der => new asn1.Boolean({ value });
export const octets = (bytes: Uint8Array): Der => new asn1.OctetString({ valueHex: bytes });
export const utf8 = (value: string): Der => new asn1.Utf8String({ value });
export const bits = (bytes: Uint8Array, unusedBits = 0): Der => new asn1.BitString({ valueHex: bytes, unusedBits });

/** A non-negative INTEGER. */
export function integer(value: number | Uint8Array): Der {
  if (typeof value === 'number') return new asn1.Integer({ value });
  const positive = (value[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), value]) : value;
  return new asn1.Integer({ valueHex: positive });
}

/** RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
export function time(date: Date): Der {
  const valueDate = new Date(Math.floor(date.getTime() / 1000) * 1000);
  return valueDate.getUTCFullYear() < 2050 ? new asn1.UTCTime({ valueDate }) : new asn1.GeneralizedTime({ valueDate });
}

const CONTEXT_SPECIFIC = 3;

/** `[n] EXPLICIT`, or an IMPLICIT constructed type. */
export const tagged = (tagNumber: number, ...value: Der[]): Der =>
  new asn1.Constructed({ idBlock: { tagClass: CONTEXT_SPECIFIC, tagNumber }, value });

/** `[n] IMPLICIT` over a primitive type. */
export const implicit = (tagNumber: number, bytes: Uint8Array): Der =>
  new asn1.Primitive({ idBlock: { tagClass: CONTEXT_SPECIFIC, tagNumber }, valueHex: bytes });

/** Puts finished DER into a structure. */
export function raw(der: Uint8Array): Der {
  const parsed = asn1.fromBER(der);
  if (parsed.offset === -1) throw new TypeError('These bytes are not ASN.1.');
  return parsed.result as Der;
}

export const encode = (value: Der): Buffer => Buffer.from(value.toBER());
