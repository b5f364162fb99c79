import { sign, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createAuthority, createCsr, createKeys } from '../../../local/pki.ts';
import { csrSubject, readCsr } from '../../../src/certificate/csr.ts';
import { assemble, newSerial, signatureAlgorithmOf, toBeSigned } from '../../../src/certificate/issue.ts';
import { certificateParts, readCertificate } from '../../../src/certificate/read.ts';
import { type KeyType, keyTypes } from '../../../src/certificate/types.ts';
import { RenewalError } from '../../../src/errors.ts';
import { spkiOf } from '../../builders/public-keys.ts';

const notBefore = new Date('2026-01-01T00:00:00Z');
const notAfter = new Date('2026-04-01T00:00:00Z');
const dates = { notBefore, notAfter };

async function vaultCa(keyType: KeyType) {
  const authority = await createAuthority({ subject: 'CN=Contoso CA, O=Contoso, C=GB', keyType, ...dates });
  const keys = await createKeys('P-256');
  const csr = readCsr(
    createCsr({ subject: 'CN=www.contoso.example, O=Contoso', names: { dns: ['API.contoso.example'] }, keys }),
  );
  const algorithm = signatureAlgorithmOf(authority.details);
  const issuance = { csr, issuer: authority.details, serial: newSerial(), ...dates, signatureAlgorithm: algorithm };
  return { authority, csr, algorithm, issuance };
}

/** Longer RSA keys differ in nothing but the time they take. */
const kinds = keyTypes.filter((keyType) => keyType !== 'RSA-3072' && keyType !== 'RSA-4096');

test.each(kinds)('issues a certificate that Node verifies with an authority of %s', async (keyType) => {
  const { authority, csr, algorithm, issuance } = await vaultCa(keyType);
  const tbs = toBeSigned(issuance);
  // As Key Vault signs: ECDSA answers r and s side by side.
  const raw = sign(algorithm.hash, tbs, { key: authority.keys.privateKey, dsaEncoding: 'ieee-p1363' });
  const der = assemble(tbs, raw, algorithm);
  const node = new X509Certificate(der);
  const parent = new X509Certificate(authority.der);
  expect(node.verify(parent.publicKey)).toBe(true);
  expect(node.checkIssued(parent)).toBe(true);
  expect(node.checkHost('api.contoso.example')).toBe('api.contoso.example');
  expect(node.checkHost('www.contoso.example')).toBe('www.contoso.example');
  const details = readCertificate(der);
  expect(details.subject).toEqual(csr.subject);
  expect(details.spkiSha256).toBe(csr.spkiSha256);
});

test('gives the same bytes for the same issuance, so that a repeat signs the same certificate', async () => {
  const { issuance, csr } = await vaultCa('P-256');
  const again = { ...issuance, csr: readCsr(csr.der), issuer: readCertificate(issuance.issuer.der) };
  expect(Buffer.from(toBeSigned(again))).toEqual(Buffer.from(toBeSigned(issuance)));
});

test('certifies a TLS server and nothing else, whatever the request asks for', async () => {
  const { authority, algorithm, issuance } = await vaultCa('P-256');
  const details = readCertificate(assemble(toBeSigned(issuance), new Uint8Array(64).fill(1), algorithm));
  expect(details.isCa).toBe(false);
  expect(details.keyUsage).toEqual(['digitalSignature']);
  expect(details.extendedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(details.authorityKeyId).toBe(authority.details.subjectKeyId);
  expect(details.names.dns).toEqual(['api.contoso.example', 'www.contoso.example']);
  expect(details).toMatchObject({ serial: issuance.serial, notBefore, notAfter, signatureAlgorithm: algorithm.oid });
});

test('asks for key encipherment with an RSA key, and writes revocation lists when given', async () => {
  const { algorithm, issuance } = await vaultCa('P-256');
  const spki = spkiOf('RSA-2048');
  const csr = { ...issuance.csr, keyType: 'RSA-2048', spki } as const;
  const tbs = toBeSigned({ ...issuance, csr, crlUrls: ['http://crl.contoso.example/ca.crl'] });
  const der = assemble(tbs, new Uint8Array(64).fill(1), algorithm);
  expect(readCertificate(der).keyUsage).toEqual(['digitalSignature', 'keyEncipherment']);
  expect(Buffer.from(der).includes('http://crl.contoso.example/ca.crl')).toBe(true);
});

test('keeps the subject byte by byte: order, string types and RDNs of several values', async () => {
  const { issuance, algorithm } = await vaultCa('P-256');
  const subject = [
    [
      { type: '2.5.4.3', value: 'Web Ünit' },
      { type: '2.5.4.11', value: 'Ops' },
    ],
    [{ type: '2.5.4.6', value: 'GB' }],
  ];
  const csr = readCsr(createCsr({ subject, names: { dns: ['a.example'] }, keys: await createKeys('P-256') }));
  const der = assemble(toBeSigned({ ...issuance, csr }), new Uint8Array(64).fill(1), algorithm);
  expect(Buffer.from(certificateParts(der).subject)).toEqual(Buffer.from(csrSubject(csr.der)));
});

test('writes dates from 2050 on with four digits of the year', async () => {
  const { issuance, algorithm } = await vaultCa('P-256');
  const late = new Date('2051-02-03T04:05:06Z');
  const der = assemble(toBeSigned({ ...issuance, notAfter: late }), new Uint8Array(64).fill(1), algorithm);
  expect(readCertificate(der).notAfter).toEqual(late);
  expect(Buffer.from(der).includes('20510203040506Z')).toBe(true);
});

test('makes serial numbers of 128 bits that are positive and never shorter', () => {
  expect(newSerial((size) => new Uint8Array(size))).toBe(`40${'00'.repeat(15)}`);
  expect(newSerial((size) => new Uint8Array(size).fill(255))).toBe(`7f${'ff'.repeat(15)}`);
  expect(newSerial()).not.toBe(newSerial());
});

test('refuses an authority whose key is of no type that signs', () => {
  expect(() => signatureAlgorithmOf({ keyType: 'unknown', subjectText: 'CN=odd' })).toThrow(RenewalError);
});

test('refuses an ECDSA signature that is not two numbers of the same length', async () => {
  const { issuance, algorithm } = await vaultCa('P-256');
  expect(() => assemble(toBeSigned(issuance), new Uint8Array(63), algorithm)).toThrow(RenewalError);
});

test('issues from a request that carries no alternative names with its common name as one', async () => {
  const { issuance, algorithm } = await vaultCa('P-256');
  const csr = readCsr(createCsr({ subject: 'CN=Only.contoso.example', keys: await createKeys('P-256') }));
  const der = assemble(toBeSigned({ ...issuance, csr }), new Uint8Array(64).fill(1), algorithm);
  expect(readCertificate(der).names.dns).toEqual(['only.contoso.example']);
});
