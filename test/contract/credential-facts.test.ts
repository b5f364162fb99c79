import { KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, certify, createAuthority, createKeys } from '../../local/pki.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import { clientOptions } from '../../src/vault/connection.ts';
import { createCredentialReader } from '../../src/vault/credential-facts.ts';
import { type EmulatedVault, startEmulatedVault } from './emulated-vault.ts';

const exp = new Date('2027-03-01T00:00:00.000Z');
const nbf = new Date('2026-01-01T00:00:00.000Z');

let emulated: EmulatedVault;
let ca: Authority;
beforeAll(async () => {
  emulated = await startEmulatedVault();
  const validity = { notBefore: new Date('2026-01-01Z'), notAfter: new Date('2027-01-01Z') };
  ca = await createAuthority({ subject: 'CN=Clients', ...validity });
});
afterAll(() => emulated.close());

/** The operator of this vault may read its secrets, the renewer keys and certificates. */
function look(id: string) {
  const { connection, operator: other, uri } = emulated;
  const { credential } = id.startsWith('secrets/') ? other : connection;
  return createCredentialReader({ ...connection, credential })(`${uri}/${id}`);
}

function operator() {
  const { uri, operator: connection } = emulated;
  const options = clientOptions(connection, uri);
  return {
    secrets: new SecretClient(uri, connection.credential, options),
    keys: new KeyClient(uri, connection.credential, options),
  };
}

/** A client certificate in PEM that ends then, with the CA's own below it. */
async function clientPem(notAfter: Date): Promise<string> {
  const { spki } = await createKeys('P-256');
  const names = { dns: ['client.contoso.example'] };
  const made = certify(ca, { subject: 'CN=client', names, notBefore: nbf, notAfter, spki });
  return `-----BEGIN PRIVATE KEY-----\nnot looked at\n-----END PRIVATE KEY-----\n${derToPem(made.der)}${derToPem(ca.der)}`;
}

describe('the facts of a credential', () => {
  it('are the dates of a secret', async () => {
    await operator().secrets.setSecret('dated', 'hush', { expiresOn: exp, notBefore: nbf });
    expect(await look('secrets/dated')).toEqual({
      enabled: true,
      ...{ expiresAt: exp.toISOString(), notBefore: nbf.toISOString() },
    });
  });

  it('say nothing of a time where nobody has', async () => {
    await operator().secrets.setSecret('undated', 'hush');
    expect(await look('secrets/undated')).toEqual({ enabled: true });
  });

  it('are the earliest end of the certificates in a secret', async () => {
    const notAfter = new Date('2026-09-01T00:00:00.000Z');
    await operator().secrets.setSecret('client', await clientPem(notAfter), { expiresOn: exp });
    expect(await look('secrets/client')).toMatchObject({ expiresAt: notAfter.toISOString() });
    await operator().secrets.setSecret('client', await clientPem(new Date('2026-12-31T00:00:00Z')));
    expect(await look('secrets/client')).toMatchObject({ expiresAt: '2026-12-31T00:00:00.000Z' });
  });

  it('do without a certificate that cannot be read', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    await operator().secrets.setSecret('broken', pem, { expiresOn: exp });
    expect(await look('secrets/broken')).toEqual({ enabled: true, expiresAt: exp.toISOString() });
  });

  it('are the dates of a key', async () => {
    await operator().keys.createEcKey('account', { curve: 'P-256', expiresOn: exp });
    expect(await look('keys/account')).toMatchObject({ enabled: true, expiresAt: exp.toISOString() });
  });

  it.each([
    ['secrets/none', 'vault-refused'],
    ['keys/none', 'vault-refused'],
    ['certificates/none', 'vault-refused'],
    ['secrets/a/b', 'vault-refused'],
  ])('of %s are refused with %s', async (id, code) => {
    await expect(look(id)).rejects.toMatchObject({ code });
  });

  it('are no value, whatever happens', async () => {
    await operator().secrets.setSecret('mute', 'hush-hush', { enabled: false });
    const told = await look('secrets/mute').catch((error: unknown) => error);
    expect(JSON.stringify(told) + String(told)).not.toContain('hush-hush');
    expect(told).toMatchObject({ code: 'vault-forbidden' });
  });
});
