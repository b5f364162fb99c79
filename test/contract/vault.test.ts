import { CertificateClient } from '@azure/keyvault-certificates';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { certify, createAuthority } from '../../local/pki.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { clock } from '../../src/clock.ts';
import { clientOptions, type VaultConnection } from '../../src/vault/connection.ts';
import { createKeyVault } from '../../src/vault/key-vault.ts';
import type { CsrRequest, MergeRequest } from '../../src/vault/port.ts';
import { createVaultSigner } from '../../src/vault/signer.ts';
import { type EmulatedVault, startEmulatedVault } from './emulated-vault.ts';
import { type VaultUnderTest, vaultSuite } from './vault-suite.ts';

let emulated: EmulatedVault;
beforeAll(async () => {
  emulated = await startEmulatedVault();
});
afterAll(() => emulated.close());

vaultSuite('the emulator', async () => underTest(emulated.uri, emulated.connection));

// A real vault, when the environment names one: `PERENNIAL_TEST_VAULT_URL` and a token for it in `PERENNIAL_TEST_VAULT_TOKEN`.
const { PERENNIAL_TEST_VAULT_URL: realUrl, PERENNIAL_TEST_VAULT_TOKEN: realToken } = process.env;
if (realUrl !== undefined && realToken !== undefined) {
  const getToken = async () => ({ token: realToken, expiresOnTimestamp: Date.now() + 1_800_000 });
  vaultSuite(realUrl, async () => underTest(realUrl, { credential: { getToken }, verifyChallenge: true, clock }));
} else {
  console.info(
    'vault suite: not run against a real vault, PERENNIAL_TEST_VAULT_URL and PERENNIAL_TEST_VAULT_TOKEN are not set',
  );
}

function underTest(uri: string, connection: VaultConnection): VaultUnderTest {
  return {
    uri,
    vault: createKeyVault(connection),
    now: () => clock.now(),
    signerOf: (certificateId) => createVaultSigner({ ...connection, certificateId }),
    async tearDown(names) {
      const client = new CertificateClient(uri, connection.credential, clientOptions(connection, uri));
      // A real vault keeps them soft-deleted; what was never made is not there to delete.
      for (const name of names) await client.beginDeleteCertificate(name).catch(() => undefined);
    },
  };
}

describe('the Key Vault adapter', () => {
  const requestOf = (name: string): CsrRequest => ({
    vault: emulated.uri,
    name,
    subject: 'CN=shop.contoso.example',
    dnsNames: ['shop.contoso.example'],
    keyType: 'P-256',
    exportable: true,
    contentType: 'application/x-pkcs12',
    validityMonths: 3,
    tags: { owner: 'shop-team' },
  });

  const mergeOf = async (request: CsrRequest): Promise<MergeRequest> => {
    const now = Date.now();
    const life = { notBefore: new Date(now - 60_000), notAfter: new Date(now + 86_400_000) };
    const authority = await createAuthority({ subject: 'CN=Contract Root', ...life });
    const { csr } = await createKeyVault(emulated.connection).request(request);
    const { subject, names, spki } = readCsr(Buffer.from(csr, 'base64'));
    const leaf = certify(authority, { subject, names, spki, ...life }).der;
    return {
      vault: request.vault,
      name: request.name,
      chain: [Buffer.from(leaf).toString('base64')],
      tags: request.tags,
    };
  };

  const callsOf = async (act: () => Promise<unknown>): Promise<readonly string[]> => {
    emulated.calls.length = 0;
    await act();
    return [...emulated.calls];
  };

  it('renews in eight calls, each for a fact of its own', async () => {
    const vault = createKeyVault(emulated.connection);
    const request = requestOf('counted');
    await vault.merge(await mergeOf(request));
    const path = '/certificates/counted';
    expect(await callsOf(() => vault.inspect(request))).toEqual([`GET ${path}/pending 200`, `GET ${path}/ 200`]);
    expect(await callsOf(() => vault.request(request))).toEqual([
      `GET ${path}/pending 200`,
      `GET ${path}/policy 200`,
      `POST ${path}/create 202`,
    ]);
    const merge = await mergeOf(request);
    expect(await callsOf(() => vault.merge(merge))).toEqual([
      `GET ${path}/ 200`,
      `POST ${path}/pending/merge 201`,
      `GET ${path}/ 200`,
    ]);
  });

  it('writes tags that the vault did not carry to the new version', async () => {
    const vault = createKeyVault(emulated.connection);
    const request = requestOf('tagged');
    const merge = await mergeOf(request);
    const merged = await vault.merge({ ...merge, tags: { plan: 'web' } });
    expect(emulated.calls).toContain(`PATCH /certificates/tagged/${merged.version} 200`);
    expect(await vault.inspect(request)).toMatchObject({ current: merged, tags: { owner: 'shop-team', plan: 'web' } });
  });

  it('adopts its own operation when the answer to create was lost', async () => {
    const vault = createKeyVault(emulated.connection);
    const request = requestOf('lost-create');
    await vault.inspect(request);
    const found = { status: 404, headers: {}, body: '{"error":{"code":"PendingCertificateNotFound","message":"x"}}' };
    emulated.faults.push(found, found, 'lost');
    const pending = await vault.request(request);
    expect(await vault.request(request)).toEqual(pending);
    expect(emulated.calls.filter((call) => call.includes('lost-create/create'))).toEqual([
      'POST /certificates/lost-create/create 500',
      'POST /certificates/lost-create/create 409',
    ]);
  });

  it('sees that a merge was done whose answer was lost', async () => {
    const request = requestOf('lost-merge');
    const merge = await mergeOf(request);
    const vault = createKeyVault(emulated.connection);
    await vault.inspect(request);
    const none = { status: 404, headers: {}, body: '{"error":{"code":"CertificateNotFound","message":"x"}}' };
    emulated.faults.push(none, 'lost');
    expect(await vault.merge(merge)).toMatchObject({ der: merge.chain[0] });
  });

  it('names the missing role', async () => {
    const inspect = createKeyVault(emulated.outsider).inspect({ vault: emulated.uri, name: 'shop' });
    await expect(inspect).rejects.toMatchObject({
      code: 'vault-forbidden',
      message: expect.stringMatching(/ForbiddenByRbac.*certificates\/read/),
    });
  });

  it('knows a soft-deleted certificate, and that its name is taken', async () => {
    const vault = createKeyVault(emulated.connection);
    const request = requestOf('deleted');
    await vault.merge(await mergeOf(request));
    const { credential } = emulated.connection;
    const client = new CertificateClient(emulated.uri, credential, clientOptions(emulated.connection, emulated.uri));
    await client.beginDeleteCertificate('deleted');
    await expect(vault.request(request)).rejects.toMatchObject({ code: 'vault-conflict', retry: true });
    emulated.clock.advance(60_000);
    expect(await vault.inspect(request)).toEqual({ state: 'absent', softDeleted: true });
    await expect(vault.request(request)).rejects.toMatchObject({
      code: 'vault-refused',
      message: expect.stringMatching(/recover or purge.*deleted but recoverable/),
    });
  });

  it('passes a throttled call on with the time to wait', async () => {
    const vault = createKeyVault(emulated.connection);
    await vault.inspect(requestOf('throttled'));
    emulated.faults.push({ status: 429, headers: { 'retry-after': '30' } });
    await expect(vault.inspect(requestOf('throttled'))).rejects.toMatchObject({
      code: 'vault-throttled',
      retryAfterSeconds: 30,
    });
  });

  it.each([
    ['a port where nobody listens', 'https://localhost:1'],
    ['a host that does not exist', 'https://vault.invalid'],
  ])('says that the vault cannot be reached at %s', async (_, uri) => {
    const vault = createKeyVault({ ...emulated.connection, retries: { count: 0, firstDelayMilliseconds: 1 } });
    await expect(vault.inspect({ vault: uri, name: 'shop' })).rejects.toMatchObject({ code: 'vault-unreachable' });
  });

  it('does not trust a listener with another authority', async () => {
    const { tls: _, ...distrusting } = emulated.connection;
    const vault = createKeyVault({ ...distrusting, retries: { count: 0, firstDelayMilliseconds: 1 } });
    const inspect = vault.inspect({ vault: emulated.uri, name: 'shop' });
    await expect(inspect).rejects.toMatchObject({ code: 'vault-unreachable' });
  });
});
