import { expect, test } from 'vitest';
import { derInteger, derOid, tags, wrap } from '../../../src/certificate/der.ts';
import { derToPem, findCertificates, pemToDer } from '../../../src/certificate/pem.ts';
import { RenewalError } from '../../../src/errors.ts';
import { aWorld } from '../../builders/certificates.ts';

const world = await aWorld();
const leaf = world.leaf();
const both = [leaf.der, world.intermediate.der];
const pem = leaf.pem + world.intermediate.pem;

const empty = wrap(tags.set);
const content = wrap(tags.sequence, derOid('1.2.840.113549.1.7.1'));
function pkcs7(...certificates: readonly Uint8Array[]): Uint8Array {
  const body = wrap(tags.sequence, derInteger('01'), empty, content, ...certificates, empty);
  return wrap(tags.sequence, derOid('1.2.840.113549.1.7.2'), wrap(tags.context(0), body));
}
const bundle = pkcs7(wrap(tags.context(0), ...both));

const readable: readonly (readonly [string, Uint8Array | string, readonly Uint8Array[]])[] = [
  ['PEM', pem, both],
  ['PEM as bytes', Buffer.from(pem), both],
  ['CRLF', pem.replaceAll('\n', '\r\n'), both],
  ['a byte order mark', `\ufeff${pem}`, both],
  ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${pem}`, 'utf16le'), both],
  ['text between the blocks', `subject=CN = www\n\n${leaf.pem}issuer=CN = ca ----\n${world.intermediate.pem}bye`, both],
  ['one long line', pem.replace(/([^-])\n(?!-)/g, '$1'), both],
  ['header lines', leaf.pem.replace('-----\n', '-----\nX-Origin: somewhere\n\n'), [leaf.der]],
  ['an old label', derToPem(leaf.der, 'X509 CERTIFICATE'), [leaf.der]],
  ['a key next to it', world.keys.pkcs8Pem + leaf.pem, [leaf.der]],
  ['bare DER', leaf.der, [leaf.der]],
  ['base64 without a frame', Buffer.from(leaf.der).toString('base64'), [leaf.der]],
  ['PKCS#7 in DER', bundle, both],
  ['PKCS#7 in PEM', derToPem(bundle, 'PKCS7'), both],
  ['PKCS#7 in base64', Buffer.from(bundle).toString('base64'), both],
];

test.each(readable)('finds certificates in %s', (_, input, expected) => {
  expect(pemToDer(input).map((der) => Buffer.from(der))).toEqual(expected.map((der) => Buffer.from(der)));
});

const junk: readonly (readonly [string, Uint8Array | string, 'unreadable' | 'too-large'])[] = [
  ['nothing', '', 'unreadable'],
  ['HTML', '<html><body>502 Bad Gateway</body></html>', 'unreadable'],
  ['a block without an end', leaf.pem.slice(0, 300), 'unreadable'],
  ['a block that is not base64', '-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----', 'unreadable'],
  ['only a key', world.keys.pkcs8Pem, 'unreadable'],
  ['PKCS#7 without certificates', pkcs7(), 'unreadable'],
  ['PKCS#7 of another kind', wrap(tags.sequence, derOid('1.2.840.113549.1.7.1')), 'unreadable'],
  ['eleven certificates', leaf.pem.repeat(11), 'too-large'],
  ['more than a megabyte', 'A'.repeat(1024 * 1024 + 1), 'too-large'],
  ['one certificate of 70 KB', wrap(tags.sequence, wrap(tags.octetString, new Uint8Array(70_000))), 'too-large'],
];

test.each(junk)('does not find certificates in %s', (_, input, state) => {
  expect(findCertificates(input)).toMatchObject({ state });
  expect(() => pemToDer(input)).toThrow(RenewalError);
});

test('reads a megabyte of frames that never end in no time', () => {
  const started = performance.now();
  expect(findCertificates('-----BEGIN CERTIFICATE-----\n'.repeat(37_000))).toMatchObject({ state: 'unreadable' });
  expect(performance.now() - started).toBeLessThan(1000);
});
