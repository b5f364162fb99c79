import { type AsnType, BitString, OctetString } from 'asn1js';
import { BasicConstraints, ExtKeyUsage } from 'pkijs';
import { encodeAlternativeNames } from './alternative-names.ts';
import {
  childrenOf,
  contentOf,
  derContext,
  derOid,
  isContext,
  oidOf,
  parseDer,
  reading,
  tags,
  unreadable,
  wrap,
} from './der.ts';
import type { AlternativeNames } from './types.ts';

/** Extensions by what RFC 5280 calls them. */
export const extensionOids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
} as const;

/** The purposes of extended key usage that Perennial speaks of. */
export const purposes = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  any: '2.5.29.37.0',
} as const;

/** RFC 5280 4.2.1.3, in the order of their bits. */
const usages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;
export type KeyUsage = (typeof usages)[number];

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** DER inside the OCTET STRING. */
  readonly value: Uint8Array;
}

export type Extensions = ReadonlyMap<string, Extension>;

/** Reads `Extensions`; RFC 5280 4.2 allows each one once, and two readers may disagree on which of two counts. */
export function readExtensions(block: AsnType | undefined): Extensions {
  const found = new Map<string, Extension>();
  for (const part of block === undefined ? [] : childrenOf(block, 'the extensions')) {
    const fields = childrenOf(part, 'an extension');
    const oid = oidOf(fields[0], 'an extension');
    if (found.has(oid)) throw unreadable(`the extension ${oid} is there twice`);
    const critical = fields.length === 3 && contentOf(fields[1], 'an extension')[0] !== 0;
    found.set(oid, { oid, critical, value: contentOf(fields.at(-1), 'an extension') });
  }
  return found;
}

function valueBlock(extensions: Extensions, oid: string): AsnType | undefined {
  const extension = extensions.get(oid);
  return extension === undefined ? undefined : parseDer(extension.value, `the extension ${oid}`);
}

export function keyUsageOf(extensions: Extensions): readonly KeyUsage[] {
  const block = valueBlock(extensions, extensionOids.keyUsage);
  if (block === undefined) return [];
  const bits = contentOf(block, 'the key usage').subarray(1);
  return usages.filter((_, index) => ((bits[index >> 3] ?? 0) & (0x80 >> (index & 7))) !== 0);
}

export function extendedKeyUsageOf(extensions: Extensions): readonly string[] {
  const schema = valueBlock(extensions, extensionOids.extKeyUsage);
  if (schema === undefined) return [];
  return reading('the extended key usage', () => new ExtKeyUsage({ schema }).keyPurposes);
}

/** Whether the certificate may sign others, and how many authorities may follow below it. */
export function basicConstraintsOf(extensions: Extensions): { readonly ca: boolean; readonly pathLength?: number } {
  const schema = valueBlock(extensions, extensionOids.basicConstraints);
  if (schema === undefined) return { ca: false };
  const { cA, pathLenConstraint } = reading('the basic constraints', () => new BasicConstraints({ schema }));
  if (pathLenConstraint === undefined) return { ca: cA };
  if (typeof pathLenConstraint !== 'number') throw unreadable('the path length is not a small number');
  return { ca: cA, pathLength: pathLenConstraint };
}

export function subjectKeyIdOf(extensions: Extensions): string | undefined {
  const block = valueBlock(extensions, extensionOids.subjectKeyIdentifier);
  return block === undefined ? undefined : hex(contentOf(block, 'the subject key identifier'));
}

export function authorityKeyIdOf(extensions: Extensions): string | undefined {
  const block = valueBlock(extensions, extensionOids.authorityKeyIdentifier);
  if (block === undefined) return undefined;
  const keyId = childrenOf(block, 'the authority key identifier').find((part) => isContext(part, 0));
  return keyId === undefined ? undefined : hex(contentOf(keyId, 'the authority key identifier'));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** DER of one extension; `critical` is left out when false, as DER wants its default. */
export function encodeExtension({ oid, critical, value }: Extension): Uint8Array {
  const flag = critical ? Uint8Array.of(0x01, 0x01, 0xff) : Uint8Array.of();
  return wrap(tags.sequence, derOid(oid), flag, wrap(tags.octetString, value));
}

export function basicConstraints(ca: boolean, pathLength?: number): Extension {
  const value = new BasicConstraints({
    cA: ca,
    ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
  });
  return { oid: extensionOids.basicConstraints, critical: true, value: derOf(value.toSchema()) };
}

export function keyUsage(names: readonly KeyUsage[]): Extension {
  const wanted = usages.map((name) => names.includes(name));
  const last = wanted.lastIndexOf(true);
  const octets = new Uint8Array(Math.floor(last / 8) + 1);
  wanted.forEach((isSet, index) => {
    if (isSet) octets[index >> 3] = (octets[index >> 3] ?? 0) | (0x80 >> (index & 7));
  });
  const unusedBits = last < 0 ? 0 : 7 - (last % 8);
  const value = new BitString({ valueHex: octets, unusedBits });
  return { oid: extensionOids.keyUsage, critical: true, value: derOf(value) };
}

export function extendedKeyUsage(keyPurposes: readonly string[]): Extension {
  const value = new ExtKeyUsage({ keyPurposes: [...keyPurposes] });
  return { oid: extensionOids.extKeyUsage, critical: false, value: derOf(value.toSchema()) };
}

export function subjectAltName(names: AlternativeNames, critical = false): Extension {
  return { oid: extensionOids.subjectAltName, critical, value: encodeAlternativeNames(names) };
}

export function subjectKeyIdentifier(keyId: string): Extension {
  const value = derOf(new OctetString({ valueHex: Buffer.from(keyId, 'hex') }));
  return { oid: extensionOids.subjectKeyIdentifier, critical: false, value };
}

export function authorityKeyIdentifier(keyId: string): Extension {
  const value = wrap(tags.sequence, derContext(0, Buffer.from(keyId, 'hex')));
  return { oid: extensionOids.authorityKeyIdentifier, critical: false, value };
}

/** One distribution point a URL (RFC 5280 4.2.1.13): DistributionPoint { [0] { [0] fullName { [6] URI } } }. */
export function crlDistributionPoints(urls: readonly string[]): Extension {
  const points = urls.map((url) => {
    const fullName = wrap(tags.context(0), derContext(6, Buffer.from(url)));
    return wrap(tags.sequence, wrap(tags.context(0), fullName));
  });
  return { oid: extensionOids.crlDistributionPoints, critical: false, value: wrap(tags.sequence, ...points) };
}

function derOf(block: { toBER(): ArrayBuffer }): Uint8Array {
  return new Uint8Array(block.toBER());
}
