import { createHash } from 'node:crypto';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import dnsProver from '../../infra/roles/dns-prover.json' with { type: 'json' };
import issuerCredentials from '../../infra/roles/issuer-credentials.json' with { type: 'json' };
import { systemClock } from '../../local/clock.ts';
import { createDnsProofs } from '../../src/issuers/acme-dns.ts';
import { clientOptions } from '../../src/vault/connection.ts';
import { createCredentialReader } from '../../src/vault/credential-facts.ts';
import { createVaultKey } from '../../src/vault/key.ts';
import { createSecretReader } from '../../src/vault/secret.ts';
import { type EmulatedVault, startEmulatedVault } from './emulated-vault.ts';
import { startZone } from './emulated-zone.ts';

const { dataActions } = issuerCredentials;
const without = (all: readonly string[], action: string) => all.filter((one) => one !== action);

describe('the role of issuer credentials', () => {
  let emulated: EmulatedVault;
  beforeAll(async () => {
    emulated = await startEmulatedVault();
    const { uri, operator } = emulated;
    const options = clientOptions(operator, uri);
    await new KeyClient(uri, operator.credential, options).createEcKey('account', { curve: 'P-256' });
    await new SecretClient(uri, operator.credential, options).setSecret('eab', 'hush');
  });
  afterAll(() => emulated.close());

  /** Everything that is done with what is in such a vault. */
  async function use(actions: readonly string[]): Promise<void> {
    const { uri, holder } = emulated;
    const connection = holder(actions);
    const look = createCredentialReader(connection);
    expect(await createSecretReader(connection)(`${uri}/secrets/eab`)).toBe('hush');
    expect(await look(`${uri}/secrets/eab`)).toEqual({ enabled: true });
    expect(await look(`${uri}/keys/account`)).toEqual({ enabled: true });
    const key = createVaultKey({ ...connection, keyId: `${uri}/keys/account` });
    const { id } = await key.newest();
    await (await key.version(id)).sign('ES256', createHash('sha256').update('what is signed').digest());
  }

  it('is enough', async () => {
    await use(dataActions);
  });

  it.each(dataActions)('is not enough without %s', async (action) => {
    await expect(use(without(dataActions, action))).rejects.toMatchObject({ code: 'vault-forbidden' });
  });
});

describe('the role of a DNS zone', () => {
  const { actions } = dnsProver;

  /** A proof is written beside another one, and both are taken away. */
  async function prove(allowed: readonly string[]): Promise<readonly string[]> {
    const zone = await startZone('contoso.example', { actions: allowed });
    try {
      const proofs = createDnsProofs({ arm: zone.arm, clock: systemClock, zones: [zone.id], waitSeconds: 0 });
      for (const value of ['one', 'two']) await proofs.publish('_acme-challenge.shop.contoso.example', value);
      for (const value of ['one', 'two']) await proofs.withdraw('_acme-challenge.shop.contoso.example', value);
      return zone.names();
    } finally {
      await zone.close();
    }
  }

  it('is enough', async () => {
    expect(await prove(actions)).toEqual([]);
  });

  it.each(actions)('is not enough without %s', async (action) => {
    await expect(prove(without(actions, action))).rejects.toMatchObject({ code: 'arm-forbidden' });
  });
});
