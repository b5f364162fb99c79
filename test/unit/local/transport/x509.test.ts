import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTransportCa } from '../../../../local/transport/ca.ts';
import { addressBytes, extensions, signCertificate } from '../../../../local/transport/x509.ts';

describe('the transport CA', () => {
  it('issues certificates for loopback that chain to it', () => {
    const ca = createTransportCa();
    const server = new X509Certificate(ca.issue().cert);
    expect(server.checkIssued(new X509Certificate(ca.caPem))).toBe(true);
    expect(server.verify(new X509Certificate(ca.caPem).publicKey)).toBe(true);
    expect([server.checkHost('localhost'), server.checkIP('127.0.0.1'), server.checkIP('::1')]).not.toContain(
      undefined,
    );
  });

  it('issues for the hosts it is asked for', () => {
    const server = new X509Certificate(createTransportCa().issue(['web.example.test']).cert);
    expect(server.subjectAltName).toBe('DNS:web.example.test');
  });

  it('is valid in real time', () => {
    const ca = new X509Certificate(createTransportCa().caPem);
    expect(Date.parse(ca.validFrom)).toBeLessThan(Date.now());
    expect(Date.parse(ca.validTo)).toBeGreaterThan(Date.now());
    expect(ca.ca).toBe(true);
  });
});

describe('certificates', () => {
  it.each([
    ['rsa', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' })],
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' })],
    ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' })],
  ])('are signed with %s keys, with every name and extension', (_title, makeKey) => {
    const { privateKey } = makeKey();
    const publicKey = createPublicKey(privateKey);
    const name = [[{ type: '2.5.4.6', value: 'DE' }], [{ type: '2.5.4.3', value: 'Grüße' }]];
    const der = signCertificate({
      subject: name,
      issuer: name,
      notBefore: new Date('2049-12-31T00:00:00Z'),
      notAfter: new Date('2050-01-01T00:00:00Z'),
      publicKey,
      extensions: [
        extensions.keyUsage(['digitalSignature', 'decipherOnly']),
        extensions.extendedKeyUsage(['1.3.6.1.5.5.7.3.1']),
        extensions.alternativeNames({
          dns: ['a.test'],
          email: ['a@b.test'],
          ip: ['10.0.0.1', 'fe80::1'],
          uri: ['urn:x'],
        }),
        extensions.subjectKeyId(publicKey),
        extensions.authorityKeyId(publicKey),
      ],
      signer: privateKey,
    });
    const certificate = new X509Certificate(der);
    expect(certificate.verify(publicKey)).toBe(true);
    expect(certificate.subject).toBe('C=DE\nCN=Grüße');
    expect(certificate.validTo).toBe('Jan  1 00:00:00 2050 GMT');
    expect(certificate.subjectAltName).toContain('DNS:a.test');
    expect(certificate.checkIP('fe80::1')).toBe('fe80::1');
    expect(certificate.checkEmail('a@b.test')).toBe('a@b.test');
  });
});

describe('IP addresses', () => {
  it.each([
    ['10.1.2.3', '0a010203'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::5:6', '20010db8000000000000000000050006'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ])('encode %s', (address, hex) => {
    expect(addressBytes(address).toString('hex')).toBe(hex);
  });
});
