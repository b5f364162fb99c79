import type { AsnType } from 'asn1js';
import { bitsOf, childrenOf, derInteger, oidOf, parseDer, reading, tags, unreadable, wrap } from './der.ts';
import {
  authorityKeyIdentifier,
  authorityKeyIdOf,
  type Extension,
  encodeExtension,
  extensionOids,
  readExtensions,
} from './extensions.ts';
import { certificateParts, timeOf } from './read.ts';
import { isSignedBy, signatureAlgorithm } from './signatures.ts';
import { algorithmIdentifier, derTime } from './tbs.ts';
import type { CertificateDetails } from './types.ts';

/** Reasons by their codes (RFC 5280 5.3.1). `unspecified` is told by saying nothing. */
const reasonCodes: Readonly<Record<string, number>> = {
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
};

export interface CrlEntry {
  /** Hex. */
  readonly serial: string;
  readonly revokedAt: Date;
  /** As RFC 5280 5.3.1 names it; any other word is `unspecified`. */
  readonly reason: string;
}

/** A complete list of what one CA has revoked. Nothing of it is read from a clock. */
export interface CrlBody {
  /** The CA's certificate. */
  readonly issuer: CertificateDetails;
  /** Dotted OID. */
  readonly signatureAlgorithm: string;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
  readonly number: bigint;
  readonly entries: readonly CrlEntry[];
}

/** TBSCertList of version 2 (RFC 5280 5.1) with the two extensions that every CRL must have. */
export function encodeCrl({ issuer, signatureAlgorithm: oid, entries, ...body }: CrlBody): Uint8Array {
  const number = derInteger(body.number.toString(16));
  const extensions: Extension[] = [
    ...(issuer.subjectKeyId === undefined ? [] : [authorityKeyIdentifier(issuer.subjectKeyId)]),
    { oid: extensionOids.crlNumber, critical: false, value: number },
  ];
  return wrap(
    tags.sequence,
    derInteger('01'),
    algorithmIdentifier(oid),
    certificateParts(issuer.der).subject,
    derTime(body.thisUpdate),
    derTime(body.nextUpdate),
    // An empty list must not be there at all (RFC 5280 5.1.2.6).
    ...(entries.length === 0 ? [] : [wrap(tags.sequence, ...entries.map(encodeEntry))]),
    wrap(tags.context(0), wrap(tags.sequence, ...extensions.map(encodeExtension))),
  );
}

function encodeEntry({ serial, revokedAt, reason }: CrlEntry): Uint8Array {
  const why = reasonExtensions.get(reason);
  return wrap(tags.sequence, derInteger(serial), derTime(revokedAt), ...(why === undefined ? [] : [why]));
}

/** The extensions of an entry, by its reason: an ENUMERATED in DER. */
const reasonExtensions = new Map(
  Object.entries(reasonCodes).map(([reason, code]) => {
    const value = Uint8Array.of(0x0a, 0x01, code);
    const extension = encodeExtension({ oid: extensionOids.reasonCode, critical: false, value });
    return [reason, wrap(tags.sequence, extension)];
  }),
);

/** A CRL as it was published. */
export interface Crl {
  readonly thisUpdate: Date;
  /** Absent in CRLs that no honest CA makes. */
  readonly nextUpdate?: Date;
  readonly number: bigint;
  /** Hex, without zeros in front. */
  readonly serials: ReadonlySet<string>;
  readonly authorityKeyId?: string;
}

/** A CRL of 100,000 entries has about 4 MB. */
const LARGEST = 16 * 1024 * 1024;

/**
 * Reads the CRL of one CA. `undefined` when it is not signed by that CA's key, or names another CA. Throws
 * `RenewalError('certificate-unreadable')` at anything that is no CRL.
 */
export function readCrl(der: Uint8Array, issuer: CertificateDetails): Crl | undefined {
  if (der.length > LARGEST) throw unreadable(`the CRL is larger than ${LARGEST} bytes`);
  return reading('the CRL', () => {
    const [body, algorithm, bits, ...rest] = elementsIn(onlyElement(der));
    if (body === undefined || algorithm === undefined || bits === undefined || rest.length > 0) throw noCrl();
    const signature = signatureAlgorithm(oidOf(childrenOf(parse(algorithm), 'the algorithm')[0], 'the algorithm'));
    const { subject, spki } = certificateParts(issuer.der);
    const fields = elementsIn(body);
    if (fields[2] === undefined || signature === undefined) throw noCrl();
    if (Buffer.compare(fields[2].whole, subject) !== 0) return undefined;
    const signed = { signed: body.whole, signature: bitsOf(parse(bits), 'the signature'), algorithm: signature, spki };
    return isSignedBy(signed) ? crlOf(fields) : undefined;
  });
}

function crlOf(fields: readonly Element[]): Crl {
  const [thisUpdate, second, ...rest] = fields.slice(3);
  if (thisUpdate === undefined) throw noCrl();
  const hasNext = second !== undefined && isTime(second);
  const others = hasNext || second === undefined ? rest : [second, ...rest];
  const list = others.find(({ tag }) => tag === tags.sequence);
  const wrapper = others.find(({ tag }) => tag === tags.context(0));
  const extensions = readExtensions(wrapper && childrenOf(parse(wrapper), 'the extensions', 0)[0]);
  const number = extensions.get(extensionOids.crlNumber);
  if (number === undefined) throw unreadable('the CRL has no number');
  const authorityKeyId = authorityKeyIdOf(extensions);
  return {
    thisUpdate: timeOf(parse(thisUpdate)),
    ...(hasNext && { nextUpdate: timeOf(parse(second)) }),
    number: BigInt(`0x${hexOf(onlyElement(number.value))}`),
    serials: new Set(list === undefined ? [] : elementsIn(list).map(serialOf)),
    ...(authorityKeyId !== undefined && { authorityKeyId }),
  };
}

function isTime({ tag }: Element): boolean {
  return tag === tags.utcTime || tag === tags.generalizedTime;
}

function serialOf(entry: Element): string {
  const [serial] = elementsIn(entry);
  if (serial === undefined || serial.tag !== tags.integer) throw noCrl();
  return hexOf(serial);
}

function hexOf({ content }: Element): string {
  const hex = Buffer.from(content).toString('hex');
  if (hex === '') throw noCrl();
  return hex.replace(/^(00)+(?=..)/, '');
}

function noCrl() {
  return unreadable('it is no CRL');
}

function parse({ whole }: Element): AsnType {
  return parseDer(whole, 'a part of the CRL');
}

/** One element of DER, found by its length alone: a list of ten thousand entries is none for a parser that makes objects of all. */
interface Element {
  readonly tag: number;
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
}

function elementsIn({ tag, content }: Element): readonly Element[] {
  if ((tag & 0x20) === 0) throw noCrl();
  const found: Element[] = [];
  for (let rest = content; rest.length > 0; rest = rest.subarray(found.at(-1)?.whole.length))
    found.push(elementAt(rest));
  return found;
}

function onlyElement(bytes: Uint8Array): Element {
  const element = elementAt(bytes);
  if (element.whole.length !== bytes.length) throw noCrl();
  return element;
}

function elementAt(bytes: Uint8Array): Element {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw noCrl();
  const octets = first < 0x80 ? 0 : first & 0x7f;
  if (octets > 4 || first === 0x80) throw noCrl();
  const length = first < 0x80 ? first : bytes.subarray(2, 2 + octets).reduce((sum, octet) => sum * 256 + octet, 0);
  const start = 2 + octets;
  if (start + length > bytes.length) throw noCrl();
  return { tag, whole: bytes.subarray(0, start + length), content: bytes.subarray(start, start + length) };
}
