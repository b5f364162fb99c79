import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { extensions, signCertificate } from '../../../../local/transport/x509.ts';
import { readChain } from '../../../../local/vault/chain.ts';
import { importedPolicy } from '../../../../local/vault/import.ts';
import type { PolicyInput } from '../../../../local/vault/policy.ts';
import type { RelativeName } from '../../../../src/certificate/types.ts';

const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
const subject: RelativeName[] = [
  [{ type: '2.5.4.6', value: 'DE' }],
  [{ type: '2.5.4.8', value: 'Bayern' }],
  [{ type: '2.5.4.3', value: 'a.test' }],
];

function policyOf(notAfter: string, issuer = subject, given: PolicyInput = {}) {
  const leaf = signCertificate({
    subject,
    issuer,
    notBefore: new Date('2020-01-15'),
    notAfter: new Date(notAfter),
    publicKey: createPublicKey(key),
    extensions: [
      extensions.keyUsage(['keyEncipherment', 'digitalSignature']),
      extensions.extendedKeyUsage(['1.3.6.1.5.5.7.3.1']),
      extensions.alternativeNames({ dns: ['a.test'], ip: ['10.0.0.1'] }),
    ],
    signer: key,
  });
  const received = readChain([leaf], key) ?? expect.unreachable();
  return importedPolicy({ received, key, contentType: 'application/x-pkcs12', given, now: 0 });
}

describe('the policy of an imported certificate', () => {
  it('is read from the certificate, the subject as Windows writes it', () => {
    expect(policyOf('2025-01-15')).toMatchObject({
      key_props: { kty: 'EC', crv: 'P-384', key_size: 384, exportable: true },
      x509_props: {
        subject: 'CN=a.test, S=Bayern, C=DE',
        sans: { dns_names: ['a.test'], ipAddresses: ['10.0.0.1'] },
        ekus: ['1.3.6.1.5.5.7.3.1'],
        key_usage: ['digitalSignature', 'keyEncipherment'],
      },
    });
  });

  it.each([
    ['2025-01-15', 61],
    ['2025-01-14', 60],
    ['2020-02-14', 1],
    ['2020-01-16', 1],
  ])('rounds its months up (to %s: %i)', (notAfter, months) => {
    expect(policyOf(notAfter).x509_props.validity_months).toBe(months);
  });

  it.each([
    ['Self', 'AutoRenew', subject],
    ['Unknown', 'EmailContacts', [[{ type: '2.5.4.3', value: 'CA' }]]],
  ])('has the issuer %s and %s', (issuer, action, issuerName) => {
    const policy = policyOf('2025-01-15', issuerName);
    expect([policy.issuer.name, policy.lifetime_actions[0]?.action.action_type]).toEqual([issuer, action]);
  });

  it('says what the caller says, where he says it', () => {
    const given = { key_props: { exportable: false }, issuer: { name: 'Unknown' } };
    expect(policyOf('2025-01-15', subject, given)).toMatchObject({
      key_props: { exportable: false, crv: 'P-384' },
      issuer: { name: 'Unknown' },
    });
  });
});
