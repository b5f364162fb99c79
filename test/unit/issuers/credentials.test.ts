import { describe, expect, it } from 'vitest';
import { credentialsOf } from '../../../src/issuers/credentials.ts';
import type { AcmePlan } from '../../../src/plan/issuers/acme.ts';
import type { VaultCaPlan } from '../../../src/plan/issuers/vault-ca.ts';

const common = { chain: ['pem'], roots: ['pem'] };
const limits = { maxDays: 90, keys: ['P-256'], dnsSuffixes: ['contoso.example'] } as const;
const vault = 'https://kv-ca.vault.azure.net';

const acme: AcmePlan = {
  ...{ ...common, limits, kind: 'acme', directory: 'https://ca.example/directory', contact: [], private: false },
  ...{ trust: [], dns: { zones: ['/subscriptions/s/secrets/x'], waitSeconds: 1 } },
  accountKey: `${vault}/keys/account`,
  externalAccount: { keyId: 'k', secret: `${vault}/secrets/eab` },
};
const vaultCa: VaultCaPlan = {
  ...{ ...common, kind: 'vault-ca', limits: { ...limits, clientAuth: true } },
  certificate: `${vault}/certificates/ca`,
};

describe('credentialsOf', () => {
  it.each([
    ['the account key and the external account of ACME', acme, ['keys/account', 'secrets/eab']],
    ['the CA certificate of the vault CA', vaultCa, ['certificates/ca']],
    ['each once', { ...vaultCa, again: `${vault}/certificates/ca` }, ['certificates/ca']],
    ['no address, and no id with a version', { ...vaultCa, certificate: `${vault}/keys/a/${'0'.repeat(32)}` }, []],
  ])('names %s', (_what, plan, ids) => {
    expect(credentialsOf(plan)).toEqual(ids.map((id) => `${vault}/${id}`));
  });
});
