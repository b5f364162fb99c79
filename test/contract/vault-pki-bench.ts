import { ManualClock } from '../../local/clock.ts';
import { createIdentity } from '../../local/identity/identity.ts';
import {
  createVaultPki,
  type VaultPkiEmulator,
  type VaultPkiOptions,
} from '../../local/issuers/vault-pki/vault-pki.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { addressRule } from '../../src/address.ts';
import { createMemoryAnswers } from '../../src/estate/memory.ts';
import type { Issuer } from '../../src/issuers/port.ts';
import { create, type VaultPkiDependencies } from '../../src/issuers/vault-pki.ts';
import type { VaultPkiPlan } from '../../src/plan/issuers/vault-pki.ts';

export const DOMAIN = 'contoso.example';
export const SECRET_ID = '7d1c6f2e-secret-id';
const ROLE_ID = '5a4f3b21-role-id';
const AUDIENCE = 'api://vault';

export interface EmulatedVaultPki {
  readonly pki: VaultPkiEmulator;
  readonly url: string;
  readonly clock: ManualClock;
  /** Our issuer there, logging in by AppRole; another one of the same estate with what is given otherwise. */
  readonly issuerWith: (plan?: Partial<VaultPkiPlan>, dependencies?: Partial<VaultPkiDependencies>) => Issuer;
  /** How the managed identity logs in. */
  readonly byIdentity: VaultPkiPlan['login'];
  readonly close: () => Promise<void>;
}

const transport = createTransportCa();

/** The emulator on HTTPS, at a time that tests move; it believes the stand's own identities. */
export async function startEmulatedVaultPki(options: Partial<VaultPkiOptions> = {}): Promise<EmulatedVaultPki> {
  const clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  const identity = createIdentity({ tenantId: '11111111-2222-3333-4444-555555555555', clock });
  const renewer = identity.addPrincipal({ name: 'renewer', clientId: 'renewer-client', objectId: 'renewer-object' });
  const pki = createVaultPki({
    clock,
    appRole: { roleId: ROLE_ID, secretId: SECRET_ID },
    jwt: {
      role: 'perennial',
      believes: (token) => identity.authenticate(`Bearer ${token}`, AUDIENCE)?.id === renewer.id,
    },
    policy: ['pki/sign/web', 'pki/sign/forgetful', 'pki/revoke'],
    tokenSeconds: 3600,
    roles: {
      web: { allowedDomains: [DOMAIN], maxTtlSeconds: 90 * 86_400 },
      forgetful: { allowedDomains: [DOMAIN], maxTtlSeconds: 90 * 86_400, isForgetful: true },
    },
    ...options,
  });
  const listener = await serveEmulator(pki, { port: 0, tls: transport.issue() });
  const plan: VaultPkiPlan = {
    kind: 'vault-pki',
    url: listener.url,
    ...{ mount: 'pki', role: 'web', private: true },
    login: { kind: 'approle', mount: 'approle', roleId: ROLE_ID, secretId: 'https://kv.vault.azure.net/secrets/pki' },
    trust: [transport.caPem],
    ...{ chain: [], roots: [] },
    limits: { maxDays: 398, keys: ['P-256', 'RSA-2048'], dnsSuffixes: [DOMAIN, 'not-allowed.example'] },
  };
  const dependencies: VaultPkiDependencies = {
    ...{ answers: createMemoryAnswers(), clock },
    secret: async () => SECRET_ID,
    token: async (audience) => identity.issueToken(renewer, audience),
    mayConnect: addressRule(['127.0.0.1', '::1']),
  };
  return {
    ...{ pki, url: listener.url, clock },
    issuerWith: (more = {}, other = {}) => create({ ...plan, ...more }, { ...dependencies, ...other }),
    byIdentity: { kind: 'jwt', mount: 'jwt', role: 'perennial', audience: AUDIENCE },
    close: () => listener.close(),
  };
}
