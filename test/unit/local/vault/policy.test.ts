import { describe, expect, it } from 'vitest';
import { VaultRefusal } from '../../../../local/vault/errors.ts';
import { completePolicy, keyKind, type PolicyInput, policyInput } from '../../../../local/vault/policy.ts';

const now = 1_700_000_000;
const complete = (input: PolicyInput, base?: PolicyInput) =>
  completePolicy(input, { now, base: base && completePolicy(base, { now: now - 100 }) });
const subject = { x509_props: { subject: 'CN=a' } };

describe('a policy with nothing but a subject', () => {
  it('gets the defaults of the real service', () => {
    expect(complete(subject)).toEqual({
      key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
      secret_props: { contentType: 'application/x-pkcs12' },
      x509_props: {
        subject: 'CN=a',
        ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
        key_usage: ['digitalSignature', 'keyEncipherment'],
        validity_months: 12,
        basic_constraints: { ca: false },
      },
      lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'EmailContacts' } }],
      issuer: { name: 'Unknown' },
      attributes: { enabled: true, created: now, updated: now },
    });
  });

  it('renews by itself when the issuer is Self', () => {
    const { issuer, lifetime_actions } = complete({ ...subject, issuer: { name: 'self' } });
    expect(issuer).toEqual({ name: 'Self' });
    expect(lifetime_actions[0]?.action.action_type).toBe('AutoRenew');
  });
});

describe('keys', () => {
  it.each([
    [{}, 'RSA-2048'],
    [{ kty: 'RSA', key_size: 4096 }, 'RSA-4096'],
    [{ kty: 'EC' }, 'P-256'],
    [{ crv: 'P-521' }, 'P-521'],
    [{ kty: 'EC-HSM', crv: 'P-384', exportable: false }, 'P-384'],
  ] as const)('%j asks for %s', (key_props, kind) => {
    expect(keyKind(complete({ ...subject, key_props }))).toBe(kind);
  });

  it('change from RSA to EC with the type alone', () => {
    const { key_props } = complete({ key_props: { kty: 'EC' } }, { ...subject, key_props: { key_size: 4096 } });
    expect(key_props).toMatchObject({ kty: 'EC', crv: 'P-256', key_size: 256 });
  });
});

describe('a change of a policy', () => {
  it('keeps what it does not mention, and the date of creation', () => {
    const sans = { dns_names: ['a.test'] };
    const base = { x509_props: { subject: 'CN=a', sans, validity_months: 3, ekus: ['1.2.3'] } };
    const policy = complete({ key_props: {}, secret_props: {}, x509_props: { sans: {}, validity_months: 6 } }, base);
    expect(policy.x509_props).toMatchObject({ subject: 'CN=a', sans, validity_months: 6, ekus: ['1.2.3'] });
    expect(policy.attributes).toEqual({ enabled: true, created: now - 100, updated: now });
  });
});

describe('wrong policies', () => {
  it.each<[string, PolicyInput]>([
    ['a subject that is none', { x509_props: { subject: 'nonsense' } }],
    ['neither subject nor names', {}],
    ['an RSA size that is not offered', { ...subject, key_props: { key_size: 1024 } }],
    ['an exportable key in an HSM', { ...subject, key_props: { kty: 'RSA-HSM', exportable: true } }],
    ['an address that is none', { x509_props: { subject: 'CN=a', sans: { ipAddresses: ['1.2.3'] } } }],
    [
      'an action before the certificate begins',
      {
        x509_props: { subject: 'CN=a', validity_months: 1 },
        lifetime_actions: [{ trigger: { days_before_expiry: 28 }, action: { action_type: 'EmailContacts' } }],
      },
    ],
  ])('are refused: %s', (_title, input) => {
    expect(() => complete(input)).toThrow(VaultRefusal);
  });

  it.each([
    { key_props: { kty: 'DSA' } },
    { secret_props: { contentType: 'text/plain' } },
    { x509_props: { key_usage: ['everything'] } },
    { x509_props: { validity_months: 0 } },
    { lifetime_actions: [{ trigger: { lifetime_percentage: 100 }, action: { action_type: 'AutoRenew' } }] },
  ])('are not even read: %j', (input) => {
    expect(policyInput.safeParse(input).success).toBe(false);
  });
});
