import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { ManagedIdentityCredential } from '@azure/identity';
import { CertificateClient } from '@azure/keyvault-certificates';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import type { VaultEvent } from '../../local/events/types.ts';
import { createIdentity, managedIdentityPath } from '../../local/identity/identity.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { type Listener, serveEmulator } from '../../local/transport/serve.ts';
import { createKeyPool } from '../../local/vault/keys.ts';
import { createVault, type VaultEmulator } from '../../local/vault/vault.ts';
import { readCsr } from '../../src/certificate/csr.ts';
import { createOutsideCa, publicKeyOf } from './outside-ca.ts';
import { ecPolicy, refusal } from './vault-emulator-bench.ts';

const DAY = 86_400_000;
const tenantId = '11111111-2222-3333-4444-555555555555';
const resourceId = '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/estate-one';
const everything = { actions: ['Microsoft.KeyVault/vaults/*'], scope: resourceId };
const noVerification = { disableChallengeResourceVerification: true } as const;
const noRetries = { retryOptions: { maxRetries: 0 } };

const identity = createIdentity({ tenantId });
const renewer = identity.addPrincipal({ name: 'renewer', clientId: 'renewer', objectId: 'renewer-oid' });
identity.addPrincipal({ name: 'stranger', clientId: 'stranger', objectId: 'stranger-oid' });
const transport = createTransportCa();
// A little behind real time: the SDK's CryptographyClient holds a key's dates against the real clock.
const clock = new ManualClock(new Date(Date.now() - 3_600_000));
const events: VaultEvent[] = [];
const listeners: Listener[] = [];
let vault: VaultEmulator;
let url: string;
let certificates: CertificateClient;
let secrets: SecretClient;

const options = { ...noVerification, ...noRetries, tlsOptions: { ca: transport.caPem } };

beforeAll(async () => {
  const keyPool = await createKeyPool({ 'RSA-2048': 3 });
  listeners.push(await serveEmulator(identity, { port: 0 }));
  process.env.IDENTITY_ENDPOINT = `${listeners[0]?.url}${managedIdentityPath}`;
  process.env.IDENTITY_HEADER = identity.secret;
  const build = (uri: string): VaultEmulator => {
    const common = { name: 'estate-one', resourceId, uri, access: identity, tenantId, clock, keyPool };
    vault = createVault({ ...common, events: (event) => events.push(event) });
    return vault;
  };
  const listener = await serveEmulator(build, { port: 0, tls: transport.issue() });
  listeners.push(listener);
  url = listener.url;
  identity.assign(renewer.id, everything);
  const credential = new ManagedIdentityCredential('renewer');
  certificates = new CertificateClient(url, credential, options);
  secrets = new SecretClient(url, credential, options);
});

afterAll(async () => {
  delete process.env.IDENTITY_ENDPOINT;
  delete process.env.IDENTITY_HEADER;
  vault.stop();
  for (const listener of listeners) await listener.close();
});

const ca = createOutsideCa(clock, () => certificates);
const { issue, make, request } = ca;

async function bare(path: string, headers: Record<string, string> = {}) {
  const response = await vault.handle({
    method: 'GET',
    url: new URL(url + path),
    headers,
    body: new Uint8Array(),
  });
  return { ...response, json: JSON.parse(String(response.body)) };
}

const bearer = () => ({ authorization: `Bearer ${identity.issueToken(renewer, 'https://vault.azure.net')}` });

describe('authentication', () => {
  it('challenges a request without token', async () => {
    const response = await bare('/certificates/x/?api-version=7.4', { 'x-ms-client-request-id': 'abc' });
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toBe(
      `Bearer authorization="https://login.windows.net/${tenantId}", resource="https://vault.azure.net"`,
    );
    expect(response.json.error.message).toBe('AKV10000: Request is missing a Bearer or PoP token.');
    expect(response.headers).toMatchObject({ pragma: 'no-cache', expires: '-1', 'x-ms-client-request-id': 'abc' });
  });

  it('challenges a token for another service', async () => {
    const token = identity.issueToken(renewer, 'https://management.azure.com');
    expect((await bare('/certificates/?api-version=7.4', { authorization: `Bearer ${token}` })).status).toBe(401);
  });

  it('refuses whom no role allows it, and names action and scope', async () => {
    const stranger = new CertificateClient(url, new ManagedIdentityCredential('stranger'), options);
    await expect(stranger.getCertificate('web')).rejects.toEqual(refusal(403, 'Forbidden', 'ForbiddenByRbac'));
    expect(identity.demands).toContainEqual({
      principal: 'stranger',
      action: 'Microsoft.KeyVault/vaults/certificates/read',
      scope: `${resourceId.toLowerCase()}/certificates/web`,
      granted: false,
    });
  });
});

describe('requests that make no sense', () => {
  it.each([
    ['no api-version', '/certificates', 400, 'BadParameter'],
    ['an unknown api-version', '/certificates?api-version=1.0', 400, 'BadParameter'],
    ['a percent-encoded api-version', '/certificates?api%2Dversion=2025-07-01', 200, undefined],
    ['a name that is none', '/certificates/a_b?api-version=7.4', 400, 'BadParameter'],
    ['a broken escape', '/certificates/%zz?api-version=7.4', 400, 'BadParameter'],
    ['an unknown path', '/certificate/a?api-version=7.4', 404, 'NotFound'],
    ['a method that is not there', '/deletedcertificates/a/recover?api-version=7.4', 405, 'MethodNotAllowed'],
    ['an unknown certificate', '/certificates/nothing?api-version=7.4', 404, 'CertificateNotFound'],
    ['an unknown operation', '/certificates/nothing/pending?api-version=7.4', 404, 'PendingCertificateNotFound'],
    ['an unknown deleted certificate', '/deletedcertificates/nothing?api-version=7.4', 404, 'CertificateNotFound'],
    ['contacts that nobody set', '/certificates/contacts?api-version=7.4', 404, 'ContactsNotFound'],
    ['an unknown issuer', '/certificates/issuers/x?api-version=7.4', 404, 'CertificateIssuerNotFound'],
    ['an unknown key', '/keys/nothing?api-version=7.4', 404, 'KeyNotFound'],
    ['an unknown secret', '/secrets/nothing/?api-version=7.4', 404, 'SecretNotFound'],
  ])('get an answer for %s', async (_title, path, status, code) => {
    const response = await bare(path, bearer());
    expect([response.status, response.json.error?.code]).toEqual([status, code]);
  });

  it('get a 400 for a policy with a wrong subject, before its unknown issuer is seen', async () => {
    const wrong = certificates.beginCreateCertificate('wrong', { issuerName: 'nobody', subject: 'nonsense' });
    await expect(wrong).rejects.toEqual(refusal(400, 'BadParameter'));
    const unknown = certificates.beginCreateCertificate('wrong', { issuerName: 'nobody', subject: 'CN=a' });
    await expect(unknown).rejects.toEqual(refusal(404, 'CertificateIssuerNotFound'));
  });
});

describe('a certificate of an outside issuer', () => {
  it('is requested, issued, merged and read back', async () => {
    const policy = ecPolicy('C=DE, O=Contoso, CN=web.example.test', {
      subjectAlternativeNames: { dnsNames: ['web.example.test', 'www.example.test'] },
      contentType: 'application/x-pem-file',
      enhancedKeyUsage: ['1.3.6.1.5.5.7.3.1'],
      keyUsage: ['digitalSignature'],
      validityInMonths: 3,
    });
    const csr = await request('web', policy, { tags: { owner: 'team' } });
    const asked = readCsr(csr);
    expect(asked.subject.flat().map(({ value }) => value)).toEqual(['web.example.test', 'Contoso', 'DE']);
    expect(asked.names.dns).toEqual(['web.example.test', 'www.example.test']);
    expect(asked.keyType).toBe('P-256');

    const leaf = issue(publicKeyOf(csr), 'web.example.test');
    const merged = await certificates.mergeCertificate('web', [leaf, ca.der]);
    const read = await certificates.getCertificate('web');
    expect(Buffer.from(read.cer ?? [])).toEqual(leaf);
    expect(read.properties.version).toBe(merged.properties.version);
    expect(read.properties.tags).toEqual({ owner: 'team' });
    expect(Buffer.from(read.properties.x509Thumbprint ?? [])).toEqual(createHash('sha1').update(leaf).digest());
    expect(read.properties.expiresOn).toEqual(new Date(new X509Certificate(leaf).validTo));
    expect(read.policy).toMatchObject({
      issuerName: 'Unknown',
      subject: 'C=DE, O=Contoso, CN=web.example.test',
      subjectAlternativeNames: { dnsNames: ['web.example.test', 'www.example.test'] },
      contentType: 'application/x-pem-file',
      keyUsage: ['digitalSignature'],
      validityInMonths: 3,
      lifetimeActions: [{ action: 'EmailContacts', lifetimePercentage: 80 }],
    });
    expect(events.at(-1)).toMatchObject({
      type: 'Microsoft.KeyVault.CertificateNewVersionCreated',
      objectName: 'web',
      version: read.properties.version,
      exp: (read.properties.expiresOn?.getTime() ?? 0) / 1000,
    });
  });

  it('keeps version and policy while the next is pending, and then has two versions', async () => {
    const before = await certificates.getCertificate('web');
    const csr = await request('web', ecPolicy('CN=web.example.test'));
    expect((await certificates.getCertificate('web')).cer).toEqual(before.cer);
    await certificates.mergeCertificate('web', [issue(publicKeyOf(csr), 'web.example.test')]);
    const after = await certificates.getCertificate('web');
    expect(after.properties.version).not.toBe(before.properties.version);
    const versions: (string | undefined)[] = [];
    for await (const one of certificates.listPropertiesOfCertificateVersions('web')) versions.push(one.version);
    expect(versions.sort()).toEqual([before.properties.version, after.properties.version].sort());
    const old = await certificates.getCertificateVersion('web', before.properties.version ?? '');
    expect(old.cer).toEqual(before.cer);
  });

  it('refuses a certificate for another key, and stays pending', async () => {
    const csr = await request('mismatch', ecPolicy('CN=mismatch'));
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    await expect(certificates.mergeCertificate('mismatch', [issue(publicKey, 'x')])).rejects.toThrow(
      /public key of the end-entity certificate .* does not match/,
    );
    await certificates.mergeCertificate('mismatch', [issue(publicKeyOf(csr), 'mismatch')]);
    await expect(certificates.mergeCertificate('mismatch', [ca.der])).rejects.toEqual(
      refusal(404, 'PendingCertificateNotFound'),
    );
  });

  it('refuses another request while one is in progress', async () => {
    await request('busy', ecPolicy('CN=busy'));
    const again = certificates.beginCreateCertificate('BUSY', ecPolicy('CN=busy'));
    await expect(again).rejects.toEqual(refusal(409, 'Forbidden'));
  });

  it('is hidden from lists before its first version, and shown when asked for', async () => {
    const list = async (includePending: boolean): Promise<string[]> => {
      const found: string[] = [];
      for await (const { name } of certificates.listPropertiesOfCertificates({ includePending }))
        found.push(name ?? '');
      return found;
    };
    expect(await list(false)).not.toContain('busy');
    expect(await list(true)).toContain('busy');
  });

  it('cancels when its time has come, and forgets a deleted operation', async () => {
    const poller = await certificates.getCertificateOperation('busy', { intervalInMs: 1 });
    await poller.cancelOperation();
    const status = async (): Promise<string | undefined> => {
      const response = await bare('/certificates/busy/pending?api-version=7.4', bearer());
      return response.json.status ?? response.json.error.code;
    };
    expect(await status()).toBe('inProgress');
    clock.advance(11_000);
    expect(await status()).toBe('cancelled');
    await certificates.deleteCertificateOperation('busy');
    expect(await status()).toBe('PendingCertificateNotFound');
    const shell = await certificates.getCertificate('busy');
    expect([shell.properties.enabled, shell.cer]).toEqual([false, undefined]);
  });

  it('makes another key for each request', async () => {
    const first = await request('busy', ecPolicy('CN=busy'));
    await certificates.deleteCertificateOperation('busy');
    const second = await request('busy', ecPolicy('CN=busy'));
    expect(readCsr(first).spkiSha256).not.toBe(readCsr(second).spkiSha256);
    await certificates.deleteCertificateOperation('busy');
  });

  it('keeps what a change of policy or properties does not mention', async () => {
    await certificates.updateCertificatePolicy('web', {
      issuerName: 'Unknown',
      subject: 'CN=web',
      validityInMonths: 6,
    });
    const policy = await certificates.getCertificatePolicy('web');
    expect(policy).toMatchObject({ subject: 'CN=web', validityInMonths: 6, keyCurveName: 'P-256' });
    const { properties } = await certificates.getCertificate('web');
    await certificates.updateCertificateProperties('web', properties.version ?? '', { tags: { a: 'b' } });
    expect((await certificates.getCertificate('web')).properties).toMatchObject({ enabled: true, tags: { a: 'b' } });
  });
});

describe('a certificate of the issuer Self', () => {
  it('is issued by the clock', async () => {
    const poller = await certificates.beginCreateCertificate(
      'self',
      { issuerName: 'Self', subject: 'CN=self.example.test', validityInMonths: 1 },
      { intervalInMs: 5 },
    );
    await expect(certificates.mergeCertificate('self', [ca.der])).rejects.toThrow(/issuer : Self/);
    clock.advance(21_000);
    const { cer, policy, properties } = await poller.pollUntilDone();
    const certificate = new X509Certificate(Buffer.from(cer ?? []));
    expect(certificate.subject).toBe('CN=self.example.test');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(policy).toMatchObject({ keyType: 'RSA', keySize: 2048, exportable: true });
    expect(policy?.lifetimeActions).toEqual([{ action: 'AutoRenew', lifetimePercentage: 80 }]);
    expect(properties.enabled).toBe(true);
  });
});

describe('deletion', () => {
  it('settles late, keeps the name, and can be undone or made final', async () => {
    await make('gone');
    await certificates.beginDeleteCertificate('gone', { intervalInMs: 1 });
    await expect(certificates.getCertificate('gone')).rejects.toEqual(refusal(404, 'CertificateNotFound'));
    await expect(certificates.getDeletedCertificate('gone')).rejects.toEqual(refusal(404, 'CertificateNotFound'));
    const again = () => certificates.beginCreateCertificate('gone', ecPolicy('CN=gone'));
    await expect(again()).rejects.toEqual(refusal(409, 'Conflict', 'ObjectIsBeingDeleted'));
    clock.advance(11_000);
    const deleted = await certificates.getDeletedCertificate('gone');
    expect(deleted.scheduledPurgeDate?.getTime()).toBe((deleted.deletedOn?.getTime() ?? 0) + 90 * DAY);
    await expect(again()).rejects.toEqual(refusal(409, 'Conflict', 'ObjectIsDeletedButRecoverable'));
    await expect(secrets.getSecret('gone')).rejects.toEqual(refusal(404, 'SecretNotFound'));

    await certificates.beginRecoverDeletedCertificate('gone', { intervalInMs: 1 });
    await expect(certificates.getCertificate('gone')).rejects.toEqual(refusal(404, 'CertificateNotFound'));
    clock.advance(11_000);
    expect((await certificates.getCertificate('gone')).cer).toBeDefined();

    await certificates.beginDeleteCertificate('gone', { intervalInMs: 1 });
    clock.advance(11_000);
    await certificates.purgeDeletedCertificate('gone');
    await expect(certificates.getDeletedCertificate('gone')).rejects.toEqual(refusal(404, 'CertificateNotFound'));
    await certificates.beginCreateCertificate('gone', ecPolicy('CN=gone'));
  });
});

describe('lists', () => {
  it('come in pages that the client puts together', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const chain = [issue(key.publicKey, 'seeded.example.test')];
    const names = Array.from({ length: 30 }, (_, index) => `page-${String(index).padStart(2, '0')}`);
    for (const name of names) vault.seed({ name, chain, privateKey: key.privateKey });
    const found: string[] = [];
    for await (const page of certificates.listPropertiesOfCertificates().byPage()) {
      expect(page.length).toBeLessThanOrEqual(25);
      found.push(...page.map(({ name }) => name ?? ''));
    }
    expect(found.filter((name) => name.startsWith('page-'))).toEqual(names);
  });
});

describe('events of expiry', () => {
  const of = (name: string) =>
    events.filter((event) => event.objectName === name).map(({ type }) => type.split('.')[2]);

  it('are raised by the clock, once, for the current version only', async () => {
    await make('short', ecPolicy('CN=short'), 40);
    clock.advance(9 * DAY);
    expect(of('short')).toEqual(['CertificateNewVersionCreated']);
    clock.advance(1 * DAY);
    expect(of('short')).toEqual(['CertificateNewVersionCreated', 'CertificateNearExpiry']);
    await make('short', ecPolicy('CN=short'), 400);
    clock.advance(31 * DAY);
    expect(of('short')).toEqual([
      'CertificateNewVersionCreated',
      'CertificateNearExpiry',
      'CertificateNewVersionCreated',
    ]);
    clock.advance(400 * DAY);
    expect(of('short').slice(3)).toEqual(['CertificateNearExpiry', 'CertificateExpired']);
  });

  it('are raised for seeds in the future, and at once on demand', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const seed = (name: string, days: number): string =>
      vault.seed({ name, chain: [issue(key.publicKey, name, days)], privateKey: key.privateKey });
    seed('near', 10);
    const version = seed('far', 50);
    clock.advance(20 * DAY);
    expect([of('near'), of('far')]).toEqual([['CertificateExpired'], ['CertificateNearExpiry']]);
    const event = vault.announce('far', 'Microsoft.KeyVault.CertificateNearExpiry');
    expect(event).toMatchObject({ version, id: `${url}/certificates/far/${version}` });
    expect(of('far')).toHaveLength(2);
  });
});

describe('the second door', () => {
  it('opens a pending operation of somebody else, and shows what is there', async () => {
    const csr = await vault.foreignPending('foreign', { tags: { who: 'else' } });
    const poller = await certificates.getCertificateOperation('foreign', { intervalInMs: 1 });
    const seen = poller.getOperationState().certificateOperation?.csr ?? [];
    expect(Buffer.from(seen).toString('base64')).toBe(csr);
    const shown = vault.snapshot().find(({ name }) => name === 'foreign');
    expect(shown).toMatchObject({ versions: [], pending: { status: 'inProgress' } });
    await expect(vault.foreignPending('foreign')).rejects.toThrow(/inProgress/);
  });

  it('puts old versions in where they belong', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const chain = [issue(key.publicKey, 'aged')];
    const newer = vault.seed({ name: 'aged', chain, privateKey: key.privateKey, enabled: false });
    const createdAt = new Date(clock.now().getTime() - 100 * DAY);
    vault.seed({ name: 'aged', chain, privateKey: key.privateKey, createdAt });
    const { properties } = await certificates.getCertificate('aged');
    expect([properties.version, properties.enabled]).toEqual([newer, false]);
  });

  it('refuses a chain that the key does not belong to', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    expect(() => vault.seed({ name: 'no', chain: [ca.der], privateKey })).toThrow(/belongs to no certificate/);
  });
});
