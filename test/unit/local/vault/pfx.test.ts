import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createTransportCa } from '../../../../local/transport/ca.ts';
import { extensions, signCertificate } from '../../../../local/transport/x509.ts';
import { readPfx } from '../../../../local/vault/pfx-read.ts';
import { writePfx } from '../../../../local/vault/pfx-write.ts';

const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const name = [[{ type: '2.5.4.3', value: 'leaf' }]];
const leaf = signCertificate({
  subject: name,
  issuer: name,
  notBefore: new Date('2020-01-01'),
  notAfter: new Date('2040-01-01'),
  publicKey: createPublicKey(key),
  extensions: [extensions.basicConstraints(false)],
  signer: key,
});
const other = new X509Certificate(createTransportCa().caPem).raw;
const fixture = (file: string): Buffer => readFileSync(new URL(`../../../fixtures/pfx/${file}`, import.meta.url));

describe('PKCS#12 files', () => {
  it('open in OpenSSL with the empty password', () => {
    const pfx = writePfx({ certificates: [leaf, other], key }, leaf);
    expect(() => createSecureContext({ pfx, passphrase: '' })).not.toThrow();
    expect(() => createSecureContext({ pfx, passphrase: 'x' })).toThrow();
  });

  it.each([
    ['leaf first', [leaf, other]],
    ['leaf last', [other, leaf]],
  ])('keep the order %s', (_title, certificates) => {
    const read = readPfx(writePfx({ certificates, key }, leaf), '');
    expect(read.state === 'read' && read.content.certificates.map((der) => Buffer.from(der))).toEqual(certificates);
    expect(read.state === 'read' && read.content.key?.equals(key)).toBe(true);
  });

  it('are read whatever their rounds of key derivation are', () => {
    const read = readPfx(writePfx({ certificates: [leaf], key }, leaf, { rounds: 1 }), '');
    expect(read.state === 'read' && read.content.key?.equals(key)).toBe(true);
  });

  it('hold no key when there is none', () => {
    const read = readPfx(writePfx({ certificates: [leaf] }, leaf), '');
    expect(read.state === 'read' && read.content.key).toBeUndefined();
  });

  it.each([
    ['openssl 3 with AES', 'aes.pfx'],
    ['triple DES and SHA-1', 'des3.pfx'],
  ])('made by %s are read', (_title, file) => {
    const read = readPfx(fixture(file), 'secret-password');
    expect(read.state === 'read' && read.content.certificates).toHaveLength(1);
    expect(read.state === 'read' && read.content.key?.asymmetricKeyType).toBe('ec');
  });

  it.each([
    ['a wrong password', () => readPfx(fixture('aes.pfx'), 'wrong'), /password is not correct/],
    ['RC2', () => readPfx(fixture('rc2.pfx'), 'secret-password'), /RC2/],
    ['no PKCS#12 file at all', () => readPfx(Buffer.from('hello'), ''), /can not be read/],
    ['a certificate alone', () => readPfx(leaf, ''), /RFC 7292|can not be read/],
  ])('are refused with %s', (_title, read, reason) => {
    expect(read()).toEqual({ state: 'unreadable', reason: expect.stringMatching(reason) });
  });
});
