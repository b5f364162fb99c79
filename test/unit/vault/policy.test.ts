import type { CertificatePolicy } from '@azure/keyvault-certificates';
import { describe, expect, it } from 'vitest';
import type { KeyType } from '../../../src/certificate/types.ts';
import { keyTypeOf, policyFacts } from '../../../src/vault/facts.ts';
import { requestPolicy } from '../../../src/vault/policy.ts';
import type { CsrRequest } from '../../../src/vault/port.ts';

const request: CsrRequest = {
  vault: 'https://unit.vault.azure.net',
  name: 'shop',
  subject: 'CN=shop.contoso.example',
  dnsNames: ['shop.contoso.example'],
  keyType: 'RSA-2048',
  exportable: false,
  contentType: 'application/x-pem-file',
  validityMonths: 3,
  tags: {},
};

const live: CertificatePolicy = { subject: 'CN=old.contoso.example', issuerName: 'Self', keyType: 'RSA' };

describe('requestPolicy', () => {
  it.each<[KeyType, CertificatePolicy['keyType'], Partial<CertificatePolicy>]>([
    ['RSA-2048', undefined, { keyType: 'RSA', keySize: 2048 }],
    ['RSA-4096', 'RSA', { keyType: 'RSA', keySize: 4096 }],
    ['RSA-3072', 'RSA-HSM', { keyType: 'RSA-HSM', keySize: 3072 }],
    ['P-256', 'EC', { keyType: 'EC', keyCurveName: 'P-256', keySize: 256 }],
    ['P-521', 'RSA-HSM', { keyType: 'EC-HSM', keyCurveName: 'P-521', keySize: 521 }],
  ])('asks for a %s key where the old one is %s', (keyType, old, expected) => {
    const policy = requestPolicy({ ...request, keyType }, { ...live, ...(old && { keyType: old }) });
    expect(policy).toMatchObject(expected);
  });

  it('takes what the request names, and never the old issuer or key', () => {
    const policy = requestPolicy(request, { ...live, reuseKey: true, exportable: true, validityInMonths: 24 });
    expect(policy).toMatchObject({
      issuerName: 'Unknown',
      subject: request.subject,
      reuseKey: false,
      exportable: false,
      contentType: 'application/x-pem-file',
      validityInMonths: 3,
    });
  });

  it.each<[string, CertificatePolicy['lifetimeActions'], CertificatePolicy['lifetimeActions']]>([
    ['none', undefined, [{ lifetimePercentage: 80, action: 'EmailContacts' }]],
    ['an empty list', [], [{ lifetimePercentage: 80, action: 'EmailContacts' }]],
    [
      'the vault’s own renewal',
      [{ daysBeforeExpiry: 20, action: 'AutoRenew' }],
      [{ daysBeforeExpiry: 20, action: 'EmailContacts' }],
    ],
  ])('lets the vault only write mails, whatever was there: %s', (_, lifetimeActions, expected) => {
    const old = lifetimeActions === undefined ? live : { ...live, lifetimeActions };
    expect(requestPolicy(request, old).lifetimeActions).toEqual(expected);
  });

  it('asks for a server certificate when there is no policy yet', () => {
    const policy = requestPolicy(request, undefined);
    expect(policy.enhancedKeyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(policy.keyUsage).toEqual(['digitalSignature', 'keyEncipherment']);
    expect(requestPolicy({ ...request, keyType: 'P-256' }, undefined).keyUsage).toEqual(['digitalSignature']);
  });

  it('refuses a content type that no vault knows', () => {
    const odd = () => requestPolicy({ ...request, contentType: 'text/plain' }, undefined);
    expect(odd).toThrow(expect.objectContaining({ code: 'vault-refused' }));
  });
});

describe('policyFacts', () => {
  it.each<[Partial<CertificatePolicy>, KeyType | 'unknown']>([
    [{}, 'RSA-2048'],
    [{ keyType: 'RSA', keySize: 3072 }, 'RSA-3072'],
    [{ keyType: 'RSA-HSM', keySize: 4096 }, 'RSA-4096'],
    [{ keyType: 'EC', keyCurveName: 'P-384' }, 'P-384'],
    [{ keyType: 'EC-HSM', keyCurveName: 'P-521' }, 'P-521'],
    [{ keyType: 'EC', keyCurveName: 'P-256K' }, 'unknown'],
    [{ keyType: 'RSA', keySize: 1024 }, 'unknown'],
    [{ keyType: 'EC' }, 'unknown'],
    [{ keyType: 'oct' }, 'unknown'],
  ])('reads the key type of %j', (key, expected) => {
    expect(keyTypeOf({ subject: 'CN=x', ...key })).toBe(expected);
  });

  it('fills in what Azure fills in', () => {
    expect(policyFacts(undefined)).toEqual({
      subject: '',
      dnsNames: [],
      emails: [],
      upns: [],
      issuer: 'Unknown',
      keyType: 'RSA-2048',
      exportable: true,
      reuseKey: false,
      contentType: 'application/x-pkcs12',
      validityMonths: 12,
    });
  });
});
