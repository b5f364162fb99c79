import type { AsnType } from 'asn1js';
import { childrenOf, contentOf, derOid, oidOf, tags, unreadable, wrap } from './der.ts';
import type { RelativeName } from './types.ts';

/** Attribute types that are written with a word instead of their OID. */
const words: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.42': 'G',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
  '1.2.840.113549.1.9.1': 'E',
};

export const commonNameOid = '2.5.4.3';
const printableOnly = new Set(['2.5.4.6', '2.5.4.5']);
const ia5Only = new Set(['0.9.2342.19200300.100.1.25', '1.2.840.113549.1.9.1']);

/** ASN.1 string types by tag number. */
const decoders: Readonly<Record<number, (bytes: Uint8Array) => string>> = {
  12: (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
  18: latin1,
  19: latin1,
  20: latin1,
  22: latin1,
  26: latin1,
  28: utf32,
  30: (bytes) => Buffer.from(bytes).swap16().toString('utf16le'),
};

/** Reads a Name in the order of its DER; a multi-valued RDN stays one. */
export function readName(block: AsnType | undefined, what: string): readonly RelativeName[] {
  return childrenOf(block, what).map((rdn) =>
    childrenOf(rdn, what, 'set').map((pair) => {
      const [type, value] = childrenOf(pair, what);
      return { type: oidOf(type, what), value: readValue(value, what) };
    }),
  );
}

function readValue(block: AsnType | undefined, what: string): string {
  const content = contentOf(block, what);
  const decode = decoders[block?.idBlock.tagNumber ?? 0];
  if (block?.idBlock.tagClass !== 1 || decode === undefined) return `#${Buffer.from(content).toString('hex')}`;
  if (block.idBlock.tagNumber === 30 && content.length % 2 === 1) throw unreadable(`${what} has half a character`);
  return decode(content);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function utf32(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  const points = Array.from({ length: Math.floor(buffer.length / 4) }, (_, index) => buffer.readUInt32BE(index * 4));
  return String.fromCodePoint(...points);
}

/** DER of a Name: PrintableString where the characters allow it, as Key Vault writes its requests, else UTF8String. */
export function encodeName(name: readonly RelativeName[]): Uint8Array {
  const rdns = name.map((rdn) => {
    const pairs = rdn.map(({ type, value }) => wrap(tags.sequence, derOid(type), encodeValue(type, value)));
    return wrap(tags.set, ...pairs.sort(Buffer.compare));
  });
  return wrap(tags.sequence, ...rdns);
}

function encodeValue(type: string, value: string): Uint8Array {
  if (ia5Only.has(type)) return wrap(22, Buffer.from(value, 'latin1'));
  const isPrintable = printableOnly.has(type) || /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value);
  return wrap(isPrintable ? 19 : 12, Buffer.from(value, 'utf8'));
}

/** Everything that tells two attributes apart, and nothing that RFC 5280 7.1 tells to ignore: case, outer and double spaces. */
function attributeKey({ type, value }: { readonly type: string; readonly value: string }): string {
  return `${type}=${value.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')}`;
}

function rdnKey(rdn: RelativeName): string {
  return JSON.stringify(rdn.map(attributeKey).sort());
}

/** The same name as a certificate chain needs it: RDN by RDN in the same order, each compared as a set. */
export function isSameName(a: readonly RelativeName[], b: readonly RelativeName[]): boolean {
  return a.length === b.length && a.every((rdn, index) => rdnKey(rdn) === rdnKey(b[index] ?? []));
}

/** The same RDNs in any order: Windows, Key Vault and most authorities write the same subject in opposite orders. */
export function isSameSubject(a: readonly RelativeName[], b: readonly RelativeName[]): boolean {
  return JSON.stringify(a.map(rdnKey).sort()) === JSON.stringify(b.map(rdnKey).sort());
}

/**
 * Whether a subject can be left out without a loss: it is made of common names alone, which the alternative names repeat. Public
 * authorities leave it out by and by, and no client that follows RFC 9525 looks at it.
 */
export function isRepeated(subject: readonly RelativeName[], dns: readonly string[]): boolean {
  return subject.flat().every(({ type, value }) => type === commonNameOid && dns.includes(value.toLowerCase()));
}

/** The values of an attribute type, in DER order. */
export function valuesOf(name: readonly RelativeName[], type: string): readonly string[] {
  return name.flat().flatMap((attribute) => (attribute.type === type ? [attribute.value] : []));
}

/** A name as RFC 4514 writes it: last RDN first. For people; control characters are escaped, so it is safe in one log line. */
export function subjectText(name: readonly RelativeName[]): string {
  return [...name]
    .reverse()
    .map((rdn) => rdn.map(({ type, value }) => `${words[type] ?? type}=${escapeValue(value)}`).join('+'))
    .join(', ');
}

function escapeValue(value: string): string {
  return (
    value
      .replace(/[\\,+"<>;]/g, '\\$&')
      .replace(/^[ #]| $/g, '\\$&')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not come through.
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) =>
        [...Buffer.from(character, 'utf8')].map((octet) => `\\${octet.toString(16).padStart(2, '0')}`).join(''),
      )
  );
}

/** Other spellings that subject strings come with, Windows' `S` for the state among them. */
const spellings: Readonly<Record<string, string>> = { S: 'ST', SP: 'ST', EMAIL: 'E', EMAILADDRESS: 'E', GN: 'G' };

const maximumSubject = 4096;

/**
 * Reads a subject string such as `CN=www.contoso.example, O="Contoso, Ltd.", C=GB`; the answer is in DER order, which is the
 * reverse of the text's, as Key Vault does it.
 */
export function readSubject(text: string): readonly RelativeName[] {
  if (text.length > maximumSubject) throw unreadable(`the subject is longer than ${maximumSubject} characters`);
  const rdns: RelativeName[] = [];
  let joined: { type: string; value: string }[] = [];
  const pattern = / *([A-Za-z]+|\d+(?:\.\d+)+) *= *("(?:[^"\\]|\\.|"")*"|(?:[^,;+"\\]|\\.)*) *([,;+]|$)/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) throw unreadable(`the subject ${JSON.stringify(text.slice(0, 200))} is not a name`);
    const [, type = '', value = '', end] = match;
    joined.push({ type: typeOf(type), value: unescapeValue(value) });
    if (end === '+') continue;
    rdns.unshift(joined);
    joined = [];
  }
  if (joined.length > 0) throw unreadable('the subject ends in a plus sign');
  return rdns;
}

function typeOf(word: string): string {
  if (/^\d/.test(word)) return word;
  const upper = word.toUpperCase();
  const wanted = spellings[upper] ?? upper;
  const found = Object.keys(words).find((oid) => words[oid] === wanted);
  if (found === undefined) throw unreadable(`the subject has an unknown attribute ${word}`);
  return found;
}

/** Backslash and two hex digits are an octet of UTF-8, backslash and another character that character (RFC 4514 2.4). */
function unescapeValue(text: string): string {
  const inner = text.startsWith('"') ? text.slice(1, -1).replace(/""/g, '"') : withoutTrailingSpaces(text);
  return inner.replace(/((?:\\[0-9a-f]{2})+)|\\(.)/gi, (_, octets: string | undefined, character: string) =>
    octets === undefined ? character : Buffer.from(octets.replaceAll('\\', ''), 'hex').toString('utf8'),
  );
}

/** A space behind a backslash belongs to the value. */
function withoutTrailingSpaces(text: string): string {
  const trimmed = text.replace(/ +$/, '');
  return trimmed.length < text.length && /(^|[^\\])(\\\\)*\\$/.test(trimmed) ? `${trimmed} ` : trimmed;
}
