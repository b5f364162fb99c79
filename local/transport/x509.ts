import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import * as asn1 from 'asn1js';
import type { AlternativeNames, RelativeName } from '../../src/certificate/types.ts';
import {
  bits,
  type Der,
  encode,
  implicit,
  integer,
  nothing,
  octets,
  oid,
  raw,
  sequence,
  set,
  tagged,
  time,
  truth,
  utf8,
} from './der.ts';

/** RFC 5280 4.2.1.3, in the order of the bits. */
export const keyUsages = [
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
export type KeyUsage = (typeof keyUsages)[number];

export interface CertificateContent {
  /** RDNs in the order of the DER. */
  readonly subject: readonly RelativeName[];
  readonly issuer: readonly RelativeName[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Der[];
  /** Signs: the issuer's key. */
  readonly signer: KeyObject;
  /** At most 20 octets, the first from 1 to 127. Random by default. */
  readonly serial?: Uint8Array;
  /** Node's by default. */
  readonly sign?: SignBytes;
}

/** Signs as Node's `sign` does. Who must repeat a signature byte by byte brings one of their own. */
export type SignBytes = (hash: string, bytes: Uint8Array, key: KeyObject) => Uint8Array;

/** Makes a certificate (RFC 5280). Answers with the DER. */
export function signCertificate(content: CertificateContent): Buffer {
  const algorithm = signatureAlgorithm(content.signer);
  const toBeSigned = sequence(
    tagged(0, integer(2)),
    integer(content.serial ?? randomSerial()),
    algorithm.identifier,
    distinguishedName(content.issuer),
    sequence(time(content.notBefore), time(content.notAfter)),
    distinguishedName(content.subject),
    raw(spkiOf(content.publicKey)),
    tagged(3, sequence(...content.extensions)),
  );
  return signed(toBeSigned, content.signer, content.sign);
}

export interface RequestContent {
  /** RDNs in the order of the DER. */
  readonly subject: readonly RelativeName[];
  /** What is wished for: the request's one attribute. */
  readonly extensions: readonly Der[];
  readonly key: KeyObject;
  /** Node's by default. */
  readonly sign?: SignBytes;
}

/** Makes a certification request (RFC 2986). Answers with the DER. */
export function signRequest({ subject, extensions, key, sign }: RequestContent): Buffer {
  const extensionRequest = sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...extensions)));
  const content = sequence(
    integer(0),
    distinguishedName(subject),
    raw(spkiOf(createPublicKey(key))),
    tagged(0, extensionRequest),
  );
  return signed(content, key, sign);
}

export const extensions = {
  basicConstraints: (ca: boolean, critical = ca): Der =>
    extension('2.5.29.19', critical, ca ? sequence(truth(true)) : sequence()),
  keyUsage: (usages: readonly KeyUsage[]): Der => extension('2.5.29.15', true, keyUsageBits(usages)),
  extendedKeyUsage: (oids: readonly string[]): Der => extension('2.5.29.37', false, sequence(...oids.map(oid))),
  alternativeNames: (names: Partial<AlternativeNames>): Der =>
    extension('2.5.29.17', false, sequence(...generalNames(names))),
  subjectKeyId: (key: KeyObject): Der => extension('2.5.29.14', false, octets(keyId(key))),
  authorityKeyId: (key: KeyObject): Der => extension('2.5.29.35', false, sequence(implicit(0, keyId(key)))),
};

export const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** RFC 5280 4.2.1.2, method 1: SHA-1 of the public key's bits. */
function keyId(key: KeyObject): Buffer {
  const publicKey = raw(spkiOf(key)) as asn1.Sequence;
  const keyBits = publicKey.valueBlock.value[1] as asn1.BitString;
  return createHash('sha1').update(keyBits.valueBlock.valueHexView).digest();
}

function signed(content: Der, key: KeyObject, signBytes: SignBytes = sign): Buffer {
  const algorithm = signatureAlgorithm(key);
  const signature = signBytes(algorithm.hash, encode(content), key);
  return encode(sequence(content, algorithm.identifier, bits(signature)));
}

const curveHashes: Record<string, { hash: string; oid: string }> = {
  secp384r1: { hash: 'sha384', oid: '1.2.840.10045.4.3.3' },
  secp521r1: { hash: 'sha512', oid: '1.2.840.10045.4.3.4' },
};

function signatureAlgorithm(key: KeyObject): { hash: string; identifier: Der } {
  if (key.asymmetricKeyType === 'rsa') {
    return { hash: 'sha256', identifier: sequence(oid('1.2.840.113549.1.1.11'), nothing()) };
  }
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  const found = curveHashes[curve] ?? { hash: 'sha256', oid: '1.2.840.10045.4.3.2' };
  return { hash: found.hash, identifier: sequence(oid(found.oid)) };
}

/** 16 octets, positive, never starting with zero. */
function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function extension(id: string, critical: boolean, value: Der): Der {
  return sequence(oid(id), ...(critical ? [truth(true)] : []), octets(encode(value)));
}

function keyUsageBits(usages: readonly KeyUsage[]): Der {
  const bytes = Buffer.alloc(2);
  let last = 0;
  for (const usage of usages) {
    const bit = keyUsages.indexOf(usage);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
    last = Math.max(last, bit);
  }
  return bits(bytes.subarray(0, (last >> 3) + 1), 7 - (last & 7));
}

export function distinguishedName(names: readonly RelativeName[]): Der {
  return sequence(
    ...names.map((name) => set(...name.map(({ type, value }) => sequence(oid(type), directoryString(type, value))))),
  );
}

/** E-mail address and domain component are IA5String; all else is PrintableString where its few characters suffice. */
function directoryString(type: string, value: string): Der {
  if (type === '1.2.840.113549.1.9.1' || type === '0.9.2342.19200300.100.1.25') return new asn1.IA5String({ value });
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? new asn1.PrintableString({ value }) : utf8(value);
}

function generalNames(names: Partial<AlternativeNames>): Der[] {
  const text = (tag: number, values: readonly string[] = []): Der[] =>
    values.map((value) => implicit(tag, Buffer.from(value, 'latin1')));
  const principalName = (value: string): Der => tagged(0, oid('1.3.6.1.4.1.311.20.2.3'), tagged(0, utf8(value)));
  return [
    ...text(1, names.email),
    ...text(2, names.dns),
    ...(names.upn ?? []).map(principalName),
    ...text(6, names.uri),
    ...(names.ip ?? []).map((address) => implicit(7, addressBytes(address))),
  ];
}

/** IPv4 as 4 octets, IPv6 as 16. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  if (isIP(address) !== 6) throw new TypeError(`Not an IP address: ${address}`);
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const [head = '', tail] = address.split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}
