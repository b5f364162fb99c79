import { type AsnType, BitString, Constructed, fromBER, ObjectIdentifier, Primitive } from 'asn1js';
import { RenewalError } from '../errors.ts';

/** One certificate, request or extension is never larger; an honest one has 1 to 4 KB. */
export const maximumDerBytes = 64 * 1024;

/** Classes of ASN.1 tags, as asn1js counts them. */
const UNIVERSAL = 1;
const CONTEXT = 3;

export function unreadable(what: string, cause?: unknown): RenewalError {
  return new RenewalError('certificate-unreadable', what, { cause });
}

/** Runs a parser and turns whatever it throws at odd bytes into the one error that callers know. */
export function reading<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RenewalError) throw error;
    throw unreadable(`${what} cannot be read`, error);
  }
}

/** Parses exactly one element: bytes after it are an error, as are deep nesting and masses of elements. */
export function parseDer(bytes: Uint8Array, what: string, maximumBytes = maximumDerBytes): AsnType {
  if (bytes.length > maximumBytes) throw unreadable(`${what} is larger than ${maximumBytes} bytes`);
  const { offset, result } = fromBER(Uint8Array.from(bytes), { maxDepth: 32, maxNodes: 10_000, parseEmbedded: false });
  if (offset === -1) throw unreadable(`${what} is not DER: ${result.error}`);
  if (offset !== bytes.length) throw unreadable(`${what} is followed by other bytes`);
  return result;
}

/** The elements of a SEQUENCE, or of what `kind` says: a SET, or the number of a context-specific tag. */
export function childrenOf(
  block: AsnType | undefined,
  what: string,
  kind: 'sequence' | 'set' | number = 'sequence',
): readonly AsnType[] {
  if (!(block instanceof Constructed) || !isOfKind(block, kind)) throw unreadable(`${what} is not a list`);
  return block.valueBlock.value;
}

function isOfKind(block: Constructed, kind: 'sequence' | 'set' | number): boolean {
  if (typeof kind === 'number') return isContext(block, kind);
  return block.idBlock.tagClass === UNIVERSAL && block.idBlock.tagNumber === (kind === 'set' ? 17 : 16);
}

/** The whole element as it was read: tag, length and value. */
export function rawOf(block: AsnType | undefined, what: string): Uint8Array {
  if (block === undefined) throw unreadable(`${what} is missing`);
  return Uint8Array.from(block.valueBeforeDecodeView);
}

/** The value of a primitive element without tag and length. */
export function contentOf(block: AsnType | undefined, what: string): Uint8Array {
  if (block === undefined) throw unreadable(`${what} is missing`);
  if (block.idBlock.isConstructed) throw unreadable(`${what} is not a single value`);
  const whole = block.valueBeforeDecodeView;
  return Uint8Array.from(whole.subarray(block.idBlock.blockLength + block.lenBlock.blockLength));
}

/** The octets of a BIT STRING that holds whole octets, as all signatures do. */
export function bitsOf(block: AsnType | undefined, what: string): Uint8Array {
  const content = contentOf(block, what);
  if (!(block instanceof BitString) || content[0] !== 0) throw unreadable(`${what} is not whole octets`);
  return content.subarray(1);
}

export function oidOf(block: AsnType | undefined, what: string): string {
  if (!(block instanceof ObjectIdentifier)) throw unreadable(`${what} is not an object identifier`);
  return block.getValue();
}

/** True for `[number]`, explicit or implicit. */
export function isContext(block: AsnType | undefined, number: number): boolean {
  return block?.idBlock.tagClass === CONTEXT && block.idBlock.tagNumber === number;
}

/** Tags that are written by hand, because what they hold has to stay the very bytes that were read. */
export const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context: (number: number) => 0xa0 + number,
} as const;

/** One element around bytes that are DER already. asn1js would decode and encode them anew, and not always alike. */
export function wrap(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Uint8Array.from(Buffer.concat([Uint8Array.of(tag), lengthOctets(content.length), content]));
}

function lengthOctets(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(0x80 + octets.length, ...octets);
}

/** An INTEGER of hex digits; it is always positive. */
export function derInteger(hex: string): Uint8Array {
  const digits = hex.replace(/^(00)+(?=..)/, '');
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return wrap(tags.integer, (bytes[0] ?? 0) >= 0x80 || bytes.length === 0 ? Uint8Array.of(0) : Uint8Array.of(), bytes);
}

/** A BIT STRING of whole octets. */
export function derBitString(bytes: Uint8Array): Uint8Array {
  return wrap(tags.bitString, Uint8Array.of(0), bytes);
}

export function derOid(oid: string): Uint8Array {
  return new Uint8Array(new ObjectIdentifier({ value: oid }).toBER());
}

/** A primitive `[number]` with these octets: the implicit forms of GeneralName and AuthorityKeyIdentifier. */
export function derContext(number: number, octets: Uint8Array): Uint8Array {
  const block = new Primitive({ idBlock: { tagClass: CONTEXT, tagNumber: number }, valueHex: octets });
  return new Uint8Array(block.toBER());
}
