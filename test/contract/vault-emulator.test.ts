import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import { ManagedIdentityCredential } from '@azure/identity';
import { CertificateClient, type CertificatePolicy } from '@azure/keyvault-certificates';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import type { VaultEvent } from '../../local/events/types.ts';
import { createIdentity, managedIdentityPath } from '../../local/identity/identity.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { type Listener, serveEmulator } from '../../local/transport/serve.ts';
import { extensions, signCertificate } from '../../local/transport/x509.ts';
import { createKeyPool } from '../../local/vault/keys.ts';
import { createVault, type VaultEmulator } from '../../local/vault/vault.ts';
import { readCsr } from '../../src/certificate/csr.ts';

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
let keys: KeyClient;
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
  keys = new KeyClient(url, credential, options);
  secrets = new SecretClient(url, credential, options);
});

afterAll(async () => {
  delete process.env.IDENTITY_ENDPOINT;
  delete process.env.IDENTITY_HEADER;
  vault.stop();
  for (const listener of listeners) await listener.close();
});

const ecPolicy = (subject: string, more: Partial<CertificatePolicy> = {}): CertificatePolicy => ({
  issuerName: 'Unknown',
  subject,
  keyType: 'EC',
  keyCurveName: 'P-256',
  ...more,
});

/** Starts an operation and gives the CSR. The client's own poller would wait for the merge. */
async function request(name: string, policy: CertificatePolicy, more: object = {}): Promise<Uint8Array> {
  await certificates.beginCreateCertificate(name, policy, { ...more, intervalInMs: 1 });
  const poller = await certificates.getCertificateOperation(name, { intervalInMs: 1 });
  return poller.getOperationState().certificateOperation?.csr ?? expect.unreachable('no CSR');
}

interface Ca {
  readonly key: KeyObject;
  readonly name: { type: string; value: string }[][];
  readonly der: Buffer;
}

function makeCa(commonName: string): Ca {
  const { privateKey: key, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = [[{ type: '2.5.4.3', value: commonName }]];
  const caExtensions = [extensions.basicConstraints(true), extensions.keyUsage(['keyCertSign'])];
  const dates = { notBefore: clock.now(), notAfter: new Date(clock.now().getTime() + 3650 * DAY) };
  const der = signCertificate({
    subject: name,
    issuer: name,
    ...dates,
    publicKey,
    extensions: caExtensions,
    signer: key,
  });
  return { key, name, der };
}
const ca = makeCa('Test CA');

function issue(publicKey: KeyObject, commonName: string, days = 90): Buffer {
  return signCertificate({
    subject: [[{ type: '2.5.4.3', value: commonName }]],
    issuer: ca.name,
    notBefore: clock.now(),
    notAfter: new Date(clock.now().getTime() + days * DAY),
    publicKey,
    extensions: [
      extensions.keyUsage(['digitalSignature']),
      extensions.extendedKeyUsage(['1.3.6.1.5.5.7.3.1']),
      extensions.alternativeNames({ dns: [commonName] }),
    ],
    signer: ca.key,
  });
}

const publicKeyOf = (csr: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(readCsr(csr).spki), format: 'der', type: 'spki' });

/** Creates, issues and merges: a finished version. */
async function make(name: string, policy = ecPolicy(`CN=${name}`), days = 90): Promise<Buffer> {
  const csr = await request(name, policy);
  const leaf = issue(publicKeyOf(csr), name, days);
  await certificates.mergeCertificate(name, [leaf, ca.der]);
  return leaf;
}

const refusal = (statusCode: number, code: string, inner?: string): object =>
  expect.objectContaining({
    statusCode,
    code,
    ...(inner && { details: { error: expect.objectContaining({ innerError: { code: inner } }) } }),
  });

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

describe('the key of a certificate', () => {
  it.each([
    ['ES256', 'sha256', ecPolicy('CN=signer')],
    ['ES384', 'sha384', ecPolicy('CN=signer', { keyCurveName: 'P-384' })],
    ['RS256', 'sha256', { issuerName: 'Unknown', subject: 'CN=signer', keyType: 'RSA' }],
  ] as const)('signs %s so that the certificate verifies it', async (algorithm, hash, policy) => {
    const name = `signer-${algorithm}`;
    const leaf = await make(name, policy);
    const key = await keys.getKey(name);
    expect(key.properties.managed).toBe(true);
    expect(key.keyOperations).toContain('sign');
    const signer = new CryptographyClient(key.id ?? '', new ManagedIdentityCredential('renewer'), options);
    const digest = createHash(hash).update('message').digest();
    const { result, keyID } = await signer.sign(algorithm, digest);
    expect(keyID).toBe(key.id);
    const publicKey = new X509Certificate(leaf).publicKey;
    expect(verify(hash, Buffer.from('message'), { key: publicKey, dsaEncoding: 'ieee-p1363' }, result)).toBe(true);
  });

  it('does not sign when the certificate is disabled', async () => {
    const { properties } = await certificates.getCertificate('signer-ES256');
    await certificates.updateCertificateProperties('signer-ES256', properties.version ?? '', { enabled: false });
    const signer = keys.getCryptographyClient('signer-ES256', { keyVersion: properties.version ?? '' });
    await expect(signer.sign('ES256', Buffer.alloc(32))).rejects.toEqual(refusal(403, 'Forbidden', 'KeyDisabled'));
    await expect(secrets.getSecret('signer-ES256')).rejects.toEqual(refusal(403, 'Forbidden', 'SecretDisabled'));
  });
});

/** What a TLS client sees of a server with these credentials: the chain, leaf first. */
async function served(credentials: object): Promise<Buffer[]> {
  const server = createServer(credentials);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const chain = await new Promise<Buffer[]>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerCertificate(true);
      resolve(leaf.issuerCertificate === undefined ? [leaf.raw] : [leaf.raw, leaf.issuerCertificate.raw]);
      socket.destroy();
    }).on('error', reject);
  });
  server.close();
  return chain;
}

describe('the secret of a certificate', () => {
  it('is a PKCS#12 file without password that Node serves with', async () => {
    const leaf = await make('pfx');
    const secret = await secrets.getSecret('pfx');
    expect(secret.properties).toMatchObject({ contentType: 'application/x-pkcs12', managed: true });
    const pfx = Buffer.from(secret.value ?? '', 'base64');
    expect(await served({ pfx, passphrase: '' })).toEqual([leaf, ca.der]);
  });

  it('is PEM where the policy says so, key and leaf first', async () => {
    const leaf = await make('pem', ecPolicy('CN=pem', { contentType: 'application/x-pem-file' }));
    const { value = '' } = await secrets.getSecret('pem');
    expect(value.startsWith('-----BEGIN PRIVATE KEY-----')).toBe(true);
    expect(await served({ key: value, cert: value })).toEqual([leaf, ca.der]);
  });

  it('holds no key that may not leave the vault', async () => {
    await make('inside', ecPolicy('CN=inside', { exportable: false, contentType: 'application/x-pem-file' }));
    const { value = '' } = await secrets.getSecret('inside');
    expect([value.includes('CERTIFICATE'), value.includes('PRIVATE')]).toEqual([true, false]);
  });

  it('shows the chain in reverse when the order is to be preserved', async () => {
    const policy = ecPolicy('CN=order', { contentType: 'application/x-pem-file' });
    const csr = await request('order', policy, { preserveCertificateOrder: true });
    const leaf = issue(publicKeyOf(csr), 'order');
    await certificates.mergeCertificate('order', [ca.der, leaf]);
    const { value = '' } = await secrets.getSecret('order');
    const first = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(value)?.[0] ?? '';
    expect(new X509Certificate(first).raw).toEqual(leaf);
    expect(Buffer.from((await certificates.getCertificate('order')).cer ?? [])).toEqual(leaf);
  });
});

describe('import', () => {
  it('takes PEM, and reads the policy from the certificate', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    const leaf = issue(publicKey, 'imported.example.test', 60);
    const pem = [leaf, ca.der].map((der) => new X509Certificate(der).toString());
    const file = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() + pem.join('');
    const imported = await certificates.importCertificate('imported', Buffer.from(file), {
      policy: { contentType: 'application/x-pem-file', issuerName: 'Unknown', subject: 'CN=x' },
      tags: { from: 'file' },
    });
    expect(imported.policy).toMatchObject({
      issuerName: 'Unknown',
      subject: 'CN=imported.example.test',
      keyCurveName: 'P-384',
      subjectAlternativeNames: { dnsNames: ['imported.example.test'] },
      contentType: 'application/x-pem-file',
    });
    expect(imported.properties.tags).toEqual({ from: 'file' });
    expect(events.at(-1)).toMatchObject({ objectName: 'imported' });
    expect(await served({ key: file, cert: (await secrets.getSecret('imported')).value })).toEqual([leaf, ca.der]);
  });

  it('takes the PKCS#12 file of another certificate', async () => {
    const { value = '' } = await secrets.getSecret('pfx');
    const imported = await certificates.importCertificate('copy', Buffer.from(value, 'base64'));
    expect(imported.cer).toEqual((await certificates.getCertificate('pfx')).cer);
    expect(imported.policy?.contentType).toBe('application/x-pkcs12');
  });

  it.each([
    ['no private key', () => Buffer.from(new X509Certificate(ca.der).toString()), /Private key is not specified/],
    ['nonsense', () => Buffer.from('nonsense'), /can not be read/],
  ])('refuses %s', async (_title, file, reason) => {
    const policy = { contentType: 'application/x-pem-file', issuerName: 'Unknown', subject: 'CN=x' } as const;
    await expect(certificates.importCertificate('bad', file(), { policy })).rejects.toThrow(reason);
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
