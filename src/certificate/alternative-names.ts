import { isUtf8 } from 'node:buffer';
import { isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import type { AsnType } from 'asn1js';
import { childrenOf, contentOf, derContext, derOid, isContext, oidOf, parseDer, rawOf, tags, wrap } from './der.ts';
import { commonNameOid, valuesOf } from './names.ts';
import type { AlternativeNames, RelativeName } from './types.ts';

const upnOid = '1.3.6.1.4.1.311.20.2.3';

export const noNames: AlternativeNames = { dns: [], ip: [], email: [], uri: [], upn: [] };

/** GeneralName's context tags (RFC 5280 4.2.1.6). */
const form = { other: 0, email: 1, dns: 2, uri: 6, ip: 7 } as const;

/** Reads the value of a subjectAltName extension. DNS names stay as they are written, but for their case. */
export function readAlternativeNames(der: Uint8Array): AlternativeNames {
  const blocks = childrenOf(parseDer(der, 'the alternative names'), 'the alternative names');
  const texts = (tag: number): string[] =>
    blocks.filter((block) => isContext(block, tag)).map((block) => text(contentOf(block, 'an alternative name')));
  const upn = blocks.map(readUpn);
  const other = blocks.filter((block, index) => upn[index] === undefined && !isPlain(block));
  return {
    dns: texts(form.dns).map((name) => name.toLowerCase()),
    ip: blocks.filter((block) => isContext(block, form.ip)).map((block) => readIp(contentOf(block, 'an IP address'))),
    email: texts(form.email).map((address) => address.toLowerCase()),
    uri: texts(form.uri),
    upn: upn.filter((name) => name !== undefined),
    ...(other.length === 0 ? {} : { other: other.map((block) => hex(rawOf(block, 'an alternative name'))) }),
  };
}

function isPlain(block: AsnType): boolean {
  return [form.email, form.dns, form.uri, form.ip].some((tag) => isContext(block, tag));
}

function readUpn(block: AsnType): string | undefined {
  if (!isContext(block, form.other)) return undefined;
  const [type, value] = childrenOf(block, 'another name', form.other);
  if (oidOf(type, 'another name') !== upnOid) return undefined;
  const [name] = childrenOf(value, 'a user principal name', 0);
  return Buffer.from(contentOf(name, 'a user principal name')).toString('utf8').toLowerCase();
}

/** IA5String is ASCII. Where it is not, UTF-8 was meant; and what is not UTF-8 either stays different for different bytes. */
function text(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  return buffer.toString(isUtf8(buffer) ? 'utf8' : 'latin1');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Lower case, and U-labels as A-labels (RFC 5890). Pure ASCII is left to `toLowerCase`: the URL parser would read numbers as addresses. */
export function normaliseDnsName(name: string): string {
  const lower = name.toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII as a whole.
  if (/^[\u0000-\u007f]*$/.test(lower)) return lower;
  const [, star = '', rest = lower] = /^(\*\.)?(.*)$/s.exec(lower) ?? [];
  const ascii = domainToASCII(rest);
  return ascii === '' ? lower : `${star}${ascii}`;
}

function readIp(octets: Uint8Array): string {
  if (octets.length === 4) return [...octets].join('.');
  if (octets.length !== 16) return `#${hex(octets)}`;
  const groups = Array.from({ length: 8 }, (_, index) => hex(octets.subarray(index * 2, index * 2 + 2)));
  // The URL parser shortens an IPv6 address in the one way of RFC 5952.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** DER value of a subjectAltName extension; the same names in the same order give the same bytes. */
export function encodeAlternativeNames(names: AlternativeNames): Uint8Array {
  return wrap(
    tags.sequence,
    ...names.dns.map((name) => derContext(form.dns, Buffer.from(normaliseDnsName(name)))),
    ...names.ip.map((address) => derContext(form.ip, ipOctets(address))),
    ...names.email.map((address) => derContext(form.email, Buffer.from(address))),
    ...names.uri.map((uri) => derContext(form.uri, Buffer.from(uri))),
    ...names.upn.map(encodeUpn),
    ...(names.other ?? []).map((der) => Uint8Array.from(Buffer.from(der, 'hex'))),
  );
}

function encodeUpn(name: string): Uint8Array {
  const utf8 = wrap(12, Buffer.from(name));
  return wrap(tags.context(form.other), derOid(upnOid), wrap(tags.context(0), utf8));
}

function ipOctets(address: string): Uint8Array {
  if (address.startsWith('#')) return Buffer.from(address.slice(1), 'hex');
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** Every name with its kind in front, sorted, each once: what is compared. */
export function nameSet(names: AlternativeNames): readonly string[] {
  const all = [
    ...names.dns.map((name) => `dns:${normaliseDnsName(name)}`),
    ...names.ip.map((address) => `ip:${address}`),
    ...names.email.map((address) => `email:${address.toLowerCase()}`),
    ...names.uri.map((uri) => `uri:${uri}`),
    ...names.upn.map((name) => `upn:${name.toLowerCase()}`),
    ...(names.other ?? []).map((der) => `other:${der}`),
  ];
  return [...new Set(all)].sort();
}

/** Which names only one of the two has. Both lists empty: the same set. */
export function compareNames(
  before: AlternativeNames,
  after: AlternativeNames,
): { readonly missing: readonly string[]; readonly extra: readonly string[] } {
  const a = new Set(nameSet(before));
  const b = new Set(nameSet(after));
  return { missing: [...a].filter((name) => !b.has(name)), extra: [...b].filter((name) => !a.has(name)) };
}

/**
 * The names that a certificate for this request has to carry. Clients look at alternative names only, so that a common name
 * which is a DNS name belongs among them.
 */
export function namesToCertify(request: {
  readonly subject: readonly RelativeName[];
  readonly names: AlternativeNames;
}): AlternativeNames {
  const common = valuesOf(request.subject, commonNameOid).filter(looksLikeDnsName).map(normaliseDnsName);
  return { ...request.names, dns: [...new Set([...request.names.dns.map(normaliseDnsName), ...common])] };
}

/** `www.contoso.example` and `*.contoso.example`, but neither `Contoso Web` nor `10.0.0.1`. */
export function looksLikeDnsName(name: string): boolean {
  return !isIPv4(name) && /^(\*\.)?([\p{L}\p{M}\p{N}_-]+\.)+[\p{L}\p{M}\p{N}-]+$/u.test(name);
}
