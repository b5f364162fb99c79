import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { noNames } from '../../../src/certificate/alternative-names.ts';
import { tags, wrap } from '../../../src/certificate/der.ts';
import { subjectAltName } from '../../../src/certificate/extensions.ts';
import { certificateParts, readCertificate } from '../../../src/certificate/read.ts';
import { keyTypes } from '../../../src/certificate/types.ts';
import { RenewalError } from '../../../src/errors.ts';
import { aWorld, days, now } from '../../builders/certificates.ts';
import { spkiOf } from '../../builders/public-keys.ts';

const { leaf, intermediate, root, csr } = await aWorld();

test('reads a certificate as Node reads it', () => {
  const { der } = leaf();
  const read = readCertificate(der);
  const node = new X509Certificate(der);
  expect(read.sha256).toBe(node.fingerprint256.replaceAll(':', '').toLowerCase());
  expect(read.sha1).toBe(node.fingerprint.replaceAll(':', '').toLowerCase());
  expect(read.serial).toBe(node.serialNumber.toLowerCase());
  expect(read.notAfter).toEqual(new Date(node.validTo));
  expect(read.isCa).toBe(node.ca);
  expect(node.subject.split('\n').reverse().join(', ')).toBe(read.subjectText);
});

test('reads everything that later rules ask for', () => {
  expect(readCertificate(leaf().der)).toMatchObject({
    subjectText: 'CN=www.contoso.example, O=Contoso, C=GB',
    issuerText: 'CN=Contoso Issuing, O=Contoso',
    names: { dns: ['www.contoso.example', 'api.contoso.example'], ip: [], email: [], uri: [], upn: [] },
    notBefore: now,
    notAfter: days(90),
    keyType: 'P-256',
    spkiSha256: csr.spkiSha256,
    signatureAlgorithm: '1.2.840.10045.4.3.2',
    isCa: false,
    keyUsage: ['digitalSignature', 'keyEncipherment'],
    extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
    authorityKeyId: intermediate.details.subjectKeyId,
  });
  expect(root.details).toMatchObject({ isCa: true, keyUsage: ['keyCertSign', 'cRLSign'], extendedKeyUsage: [] });
});

test.each(keyTypes)('knows a key of %s', (keyType) => {
  expect(leaf({ spki: spkiOf(keyType) }).details.keyType).toBe(keyType);
});

test.each(['RSA-1024', 'secp256k1', 'Ed25519'] as const)(
  'has no name for a key of %s, which it never asks for',
  (kind) => {
    expect(leaf({ spki: spkiOf(kind) }).details.keyType).toBe('unknown');
  },
);

test('takes the zero off a serial number that only keeps it positive', () => {
  expect(leaf({ serial: `ff${'00'.repeat(15)}` }).details.serial).toBe(`ff${'00'.repeat(15)}`);
});

test('hands out copies, so that nobody changes a certificate by its buffer', () => {
  const source = Uint8Array.from(leaf().der);
  const read = readCertificate(source);
  source.fill(0);
  expect(read.der[0]).toBe(0x30);
  expect(certificateParts(read.der).subject[0]).toBe(0x30);
});

const der = Buffer.from(leaf().der);
const twice = subjectAltName({ ...noNames, dns: ['evil.example'] });

const broken: readonly (readonly [string, () => Uint8Array])[] = [
  ['nothing', () => new Uint8Array()],
  ['text', () => Buffer.from('-----BEGIN CERTIFICATE-----')],
  ['a certificate with bytes after it', () => Buffer.concat([der, Buffer.from([0])])],
  ['half a certificate', () => der.subarray(0, der.length / 2)],
  ['a request', () => csr.der],
  ['more than 64 KB', () => wrap(tags.sequence, new Uint8Array(65_536))],
  [
    'a thousand lists in each other',
    () => Array.from({ length: 1000 }).reduce<Uint8Array>((inner) => wrap(tags.sequence, inner), Uint8Array.of(5, 0)),
  ],
  [
    'a list of thirty thousand',
    () => wrap(tags.sequence, new Uint8Array(Array.from({ length: 60_000 }, (_, i) => (i % 2 === 0 ? 5 : 0)))),
  ],
  ['two extensions of one kind', () => leaf({ extraExtensions: [twice] }).der],
];

test.each(broken)('throws the one known error at %s', (_, make) => {
  expect(() => readCertificate(make())).toThrow(RenewalError);
});
