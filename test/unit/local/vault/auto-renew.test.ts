import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { renewalDue } from '../../../../local/vault/auto-renew.ts';
import { selfSign } from '../../../../local/vault/csr.ts';
import { completePolicy, type PolicyInput } from '../../../../local/vault/policy.ts';
import type { Version } from '../../../../local/vault/records.ts';

const created = new Date('2026-01-01T00:10:00Z');
const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
const policyWith = (more: PolicyInput) =>
  completePolicy({ x509_props: { subject: 'CN=a', validity_months: 12 }, ...more }, { now: 0 });

function versionUnder(more: PolicyInput): { version: Version; policy: Version['policy'] } {
  const policy = policyWith(more);
  const leaf = new X509Certificate(selfSign(policy, key, { now: created }));
  const version = { id: 'v', leaf, chain: [leaf], key, policy, preserveCertOrder: false, tags: undefined };
  return { version: { ...version, created, updated: created, enabled: true }, policy };
}

const actions = (action_type: 'AutoRenew' | 'EmailContacts', trigger: object): PolicyInput => ({
  lifetime_actions: [{ trigger, action: { action_type } }],
});

describe('the vault renews by itself', () => {
  it.each([
    ['a Self certificate at 80 % by default', { issuer: { name: 'Self' } }, '2026-10-20T00:08:00.000Z'],
    [
      'at the percentage that the policy says',
      { issuer: { name: 'Self' }, ...actions('AutoRenew', { lifetime_percentage: 50 }) },
      '2026-07-02T12:05:00.000Z',
    ],
    [
      'so many days before the expiry',
      { issuer: { name: 'Partner' }, ...actions('AutoRenew', { days_before_expiry: 30 }) },
      '2026-12-02T00:10:00.000Z',
    ],
    ['never where people are mailed instead', { issuer: { name: 'Self' }, ...actions('EmailContacts', {}) }, undefined],
    [
      'never where nobody issues',
      { issuer: { name: 'Unknown' }, ...actions('AutoRenew', { lifetime_percentage: 80 }) },
      undefined,
    ],
  ] as const)('%s', (_title, input, due) => {
    const { version, policy } = versionUnder(input as PolicyInput);
    expect(renewalDue(version, policy)?.toISOString()).toBe(due);
  });
});
