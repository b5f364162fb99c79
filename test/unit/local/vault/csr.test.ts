import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { CertificationRequest } from 'pkijs';
import { describe, expect, it } from 'vitest';
import { addMonths, makeRequest, selfSign } from '../../../../local/vault/csr.ts';
import { completePolicy, type PolicyInput } from '../../../../local/vault/policy.ts';
import { readCsr, verifyCsr } from '../../../../src/certificate/csr.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const build = (x509_props: PolicyInput['x509_props']) => completePolicy({ x509_props }, { now: 0 });

/** OIDs of the extensions that a request asks for, critical ones marked. */
function wantedExtensions(csr: Buffer): string[] {
  const [attribute, ...rest] = CertificationRequest.fromBER(Uint8Array.from(csr).buffer).attributes ?? [];
  expect([attribute?.type, rest]).toEqual(['1.2.840.113549.1.9.14', []]);
  const { extensions } = attribute?.values[0] === undefined ? { extensions: [] } : parseExtensions(attribute.values[0]);
  return extensions;
}

function parseExtensions(block: { valueBlock: { value: { valueBlock: { value: unknown[] } }[] } }) {
  return {
    extensions: block.valueBlock.value.map(({ valueBlock: { value } }) => {
      const [id, second] = value as { getValue(): unknown }[];
      return `${String(id?.getValue())}${value.length === 3 && second?.getValue() === true ? ' critical' : ''}`;
    }),
  };
}

describe('a request', () => {
  it('asks for key usage, purposes, names and constraints in this order', () => {
    const csr = makeRequest(build({ subject: 'CN=a', sans: { dns_names: ['a.test'] } }), privateKey);
    expect(wantedExtensions(csr)).toEqual(['2.5.29.15 critical', '2.5.29.37', '2.5.29.17', '2.5.29.19']);
  });

  it('has no names where the policy has none', () => {
    expect(wantedExtensions(makeRequest(build({ subject: 'CN=a' }), privateKey))).not.toContain('2.5.29.17');
  });

  it('turns the subject around, and is signed', async () => {
    const csr = makeRequest(
      build({
        subject: 'C=US, O=Contoso, CN=x',
        sans: { dns_names: ['x.test'], emails: ['a@x.test'], upns: ['u@x.test'], ipAddresses: ['10.0.0.1'] },
      }),
      privateKey,
    );
    const read = readCsr(csr);
    expect(read.subject.flat().map(({ value }) => value)).toEqual(['x', 'Contoso', 'US']);
    expect(read.names).toMatchObject({ dns: ['x.test'], email: ['a@x.test'], upn: ['u@x.test'], ip: ['10.0.0.1'] });
    expect(await verifyCsr(csr)).toBe(true);
  });

  it.each([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey],
    ['P-521', () => generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey],
  ])('is signed by %s keys as well', async (_title, makeKey: () => KeyObject) => {
    expect(await verifyCsr(makeRequest(build({ subject: 'CN=a' }), makeKey()))).toBe(true);
  });
});

describe('the issuer Self', () => {
  it('begins ten minutes early and ends after the months of the policy', () => {
    const now = new Date('2026-01-31T12:00:00Z');
    const policy = build({ subject: 'CN=a', validity_months: 1, sans: { dns_names: ['a.test'] } });
    const certificate = new X509Certificate(selfSign(policy, privateKey, { now }));
    expect(new Date(certificate.validFrom)).toEqual(new Date('2026-01-31T11:50:00Z'));
    expect(new Date(certificate.validTo)).toEqual(new Date('2026-02-28T12:00:00Z'));
    expect(certificate.subjectAltName).toBe('DNS:a.test');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });
});

describe('months', () => {
  it.each([
    ['2026-01-31', 1, '2026-02-28'],
    ['2028-01-31', 1, '2028-02-29'],
    ['2026-11-30', 3, '2027-02-28'],
    ['2026-05-15', 12, '2027-05-15'],
  ])('%s + %i = %s', (from, months, to) => {
    expect(addMonths(new Date(from), months)).toEqual(new Date(to));
  });
});
