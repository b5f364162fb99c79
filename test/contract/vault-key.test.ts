import { createHash, createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyType } from '../../src/certificate/types.ts';
import { clientOptions } from '../../src/vault/connection.ts';
import { createVaultKey } from '../../src/vault/key.ts';
import { createSecretReader } from '../../src/vault/secret.ts';
import { type EmulatedVault, startEmulatedVault } from './emulated-vault.ts';

let emulated: EmulatedVault;
beforeAll(async () => {
  emulated = await startEmulatedVault();
});
afterAll(() => emulated.close());

async function keyOf(name: string, keyType: KeyType) {
  const { uri, operator, connection } = emulated;
  const keys = new KeyClient(uri, operator.credential, clientOptions(operator, uri));
  if (keyType.startsWith('RSA-')) await keys.createRsaKey(name, { keySize: Number(keyType.slice(4)) });
  else await keys.createEcKey(name, { curve: keyType });
  return createVaultKey({ ...connection, keyId: `${uri}/keys/${name}` });
}

describe('a key of a vault', () => {
  it.each([
    ['P-256', 'ES256', 'sha256'],
    ['P-384', 'ES384', 'sha384'],
    ['P-521', 'ES512', 'sha512'],
    ['RSA-2048', 'RS256', 'sha256'],
  ] as const)('of %s signs what its public half verifies', async (keyType, algorithm, hash) => {
    const key = await (await keyOf(`account-${keyType.toLowerCase()}`, keyType)).newest();
    const text = Buffer.from('what is signed');
    const signature = await key.sign(algorithm, createHash(hash).update(text).digest());
    const publicKey = createPublicKey({ key: key.jwk as JsonWebKey, format: 'jwk' });
    expect(verify(hash, text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
  });

  it('is found again by the id of its version', async () => {
    const key = await keyOf('account-again', 'P-256');
    const { id, jwk } = await key.newest();
    expect(id).toMatch(/\/keys\/account-again\/[0-9a-f]{32}$/);
    expect(await key.version(id)).toMatchObject({ id, jwk });
  });

  it.each(['https://kv.example/keys/account-again/short', 'nothing', ''])('has no version of id %j', async (id) => {
    const key = createVaultKey({ ...emulated.connection, keyId: `${emulated.uri}/keys/account-again` });
    expect(() => key.version(id)).toThrow(expect.objectContaining({ code: 'vault-refused' }));
  });

  it('that is not there is said', async () => {
    const key = createVaultKey({ ...emulated.connection, keyId: `${emulated.uri}/keys/none-such` });
    await expect(key.newest()).rejects.toMatchObject({ code: 'vault-refused' });
  });

  it('may be read by nobody without the role', async () => {
    const key = createVaultKey({ ...emulated.outsider, keyId: `${emulated.uri}/keys/account-again` });
    await expect(key.newest()).rejects.toMatchObject({ code: 'vault-forbidden' });
  });

  it.each(['https://kv.example/certificates/a', 'http://kv.example/keys/a', 'https://kv.example/keys/a/b'])(
    'has no id like %s',
    (keyId) => {
      expect(() => createVaultKey({ ...emulated.connection, keyId })).toThrow(
        expect.objectContaining({ code: 'vault-refused' }),
      );
    },
  );
});

describe('a secret of a vault', () => {
  it('is read anew each time', async () => {
    const { uri, operator, connection } = emulated;
    const secrets = new SecretClient(uri, operator.credential, clientOptions(operator, uri));
    const read = createSecretReader({ ...connection, credential: emulated.operator.credential });
    for (const value of ['first', 'second']) {
      await secrets.setSecret('eab', value);
      expect(await read(`${uri}/secrets/eab`)).toBe(value);
    }
  });

  it('is read by nobody without the role', async () => {
    const read = createSecretReader(emulated.connection);
    await expect(read(`${emulated.uri}/secrets/account-again`)).rejects.toMatchObject({ code: 'vault-forbidden' });
  });

  it('has an id without version', async () => {
    await expect(createSecretReader(emulated.connection)('https://kv.example/secrets/a/b')).rejects.toMatchObject({
      code: 'vault-refused',
    });
  });
});
