import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from '@azure/core-rest-pipeline';
import { ManagedIdentityCredential } from '@azure/identity';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../local/clock.ts';
import type { Emulator, EmulatorRequest, EmulatorResponse } from '../../local/emulator.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { type Listener, serveEmulator } from '../../local/transport/serve.ts';
import { createArm } from '../../src/azure/arm.ts';
import { noRedirects } from '../../src/azure/no-redirects.ts';
import { createEstate } from '../../src/config/estate-source.ts';
import { createStorage } from '../../src/estate/storage.ts';
import { createTableEstate } from '../../src/estate/tables.ts';
import { createBlobJournal } from '../../src/journal/store.ts';
import { createLogAnalytics } from '../../src/monitor/log-analytics.ts';
import { createVaultKey } from '../../src/vault/key.ts';
import { createKeyVault } from '../../src/vault/key-vault.ts';
import { createSecretReader } from '../../src/vault/secret.ts';
import { createVaultSigner } from '../../src/vault/signer.ts';
import { bundle, fixture, vault as unitVault } from '../unit/vault/scripted-vault.ts';
import { entry } from './journal-suite.ts';

const ca = createTransportCa();
const tls = { ca: ca.caPem };
const TOKEN = 'canary-token-of-the-app';
const SECRET = 'canary-secret-of-the-identity-endpoint';
const credential = { getToken: async () => ({ token: TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }) };

/** Whom an answer points to: another origin, with a certificate that is trusted just as well. */
let elsewhere: Listener;
/** Whom the clients were given; answers as the test at hand says. */
let home: Listener;
let answer: (request: EmulatorRequest) => EmulatorResponse;
const heardElsewhere: string[] = [];
const heardAtHome: string[] = [];

const heard = (request: EmulatorRequest): string =>
  `${request.method} ${request.url.pathname} ${JSON.stringify(request.headers)}`;

beforeAll(async () => {
  const listen = (emulator: Emulator): Promise<Listener> => serveEmulator(emulator, { port: 0, tls: ca.issue() });
  elsewhere = await listen({
    handle: async (request) => {
      heardElsewhere.push(heard(request));
      return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"value":[]}' };
    },
  });
  home = await listen({
    handle: async (request) => {
      heardAtHome.push(heard(request));
      return answer(request);
    },
  });
});
afterAll(async () => {
  await Promise.all([elsewhere.close(), home.close()]);
});
beforeEach(() => {
  heardElsewhere.length = 0;
  heardAtHome.length = 0;
});

const connection = () => ({
  ...{ credential, verifyChallenge: false, clock: systemClock, tls },
  retries: { count: 1, firstDelayMilliseconds: 1 },
});
const ref = () => ({ vault: home.url, name: 'shop' });
const csr = () => ({
  ...ref(),
  ...{ subject: 'CN=shop.contoso.example', dnsNames: ['shop.contoso.example'], keyType: 'P-256' as const },
  ...{ exportable: true, contentType: 'application/x-pkcs12', validityMonths: 3, tags: {} },
});
const signer = () => createVaultSigner({ ...connection(), certificateId: `${home.url}/certificates/shop` });
const storage = () =>
  createStorage({ tableEndpoint: `${home.url}/account`, blobEndpoint: `${home.url}/account`, credential, tls });
const auditLog = () =>
  createLogAnalytics({
    ...{ endpoint: home.url, workspace: '6b1f0c1e-6f4e-4c55-9a4e-0d6a3e0b7c11', credential, clock: systemClock, tls },
    retryMilliseconds: 1,
  });
const lastHour = () => ({ from: new Date(Date.now() - 3_600_000), to: new Date() });
const arm = () => createArm({ endpoint: home.url, credential, tls, retryMilliseconds: 1 });
const site = '/subscriptions/s/resourceGroups/web/providers/Microsoft.Web/sites/shop';

async function all(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows) void _;
}

const calls: readonly [string, () => Promise<unknown>][] = [
  ['the vault: inspect', () => createKeyVault(connection()).inspect(ref())],
  ['the vault: list', () => all(createKeyVault(connection()).list(home.url))],
  ['the vault: request', () => createKeyVault(connection()).request(csr())],
  ['the vault: discard', () => createKeyVault(connection()).discard(ref())],
  ['the vault: merge', () => createKeyVault(connection()).merge({ ...ref(), chain: [fixture('leaf')], tags: {} })],
  ['a key', () => createVaultKey({ ...connection(), keyId: `${home.url}/keys/account` }).newest()],
  ['a secret', () => createSecretReader(connection())(`${home.url}/secrets/credential`)],
  ['the signer', async () => (await signer().current()).sign('ES256', new Uint8Array(32))],
  ['Resource Manager: get', () => arm().get(site)],
  ['Resource Manager: put', () => arm().put(site, {})],
  ['Resource Manager: post', () => arm().post(site)],
  ['Resource Manager: list', () => all(arm().list(`${site}/hostNameBindings`))],
  ['the audit log', () => auditLog().loggedVaults(lastHour(), '/subscriptions/s')],
  ['tables: get', () => createTableEstate(storage().tables).certificate('kv-main', 'shop')],
  ['blobs: append', () => createBlobJournal({ container: storage().blobs('journal') }).append('a', entry('inspect'))],
  ['blobs: read', () => createBlobJournal({ container: storage().blobs('journal') }).read('a')],
  [
    'the estate file',
    () =>
      createEstate(
        { kind: 'blob', url: `${home.url}/account/config/estate.yaml` },
        { clock: systemClock, credential, tls, onProblem: () => undefined },
      )(),
  ],
];

const challenge = (): EmulatorResponse => ({
  status: 401,
  headers: {
    'www-authenticate': `Bearer authorization="https://login.example/tenant", resource="https://vault.azure.net"`,
  },
});

/** Only who sends a token is redirected, as the service itself would do it. */
const redirecting = (status: number, location: string) => (request: EmulatorRequest) =>
  request.headers.authorization === undefined ? challenge() : { status, headers: { location } };

describe.each([300, 301, 302, 303, 307, 308])('an answer of %i', (status) => {
  it.each(calls)('sends nothing to another host: %s', async (_, call) => {
    answer = redirecting(status, `${elsewhere.url}/taken`);
    await expect(call()).rejects.toMatchObject({ name: 'RenewalError', code: expect.not.stringMatching(/^bug$/) });
    expect(heardElsewhere).toEqual([]);
    expect(heardAtHome.join('\n')).toContain(TOKEN);
  });

  it.each(calls)('is not followed within its host either: %s', async (_, call) => {
    answer = redirecting(status, '/elsewhere-at-home');
    await expect(call()).rejects.toMatchObject({ name: 'RenewalError' });
    expect(heardAtHome.filter((request) => request.includes('/elsewhere-at-home'))).toEqual([]);
  });

  it('is not followed by the managed identity, whose endpoint knows a secret', async () => {
    answer = () => ({ status, headers: { location: `${elsewhere.url}/taken` } });
    process.env.IDENTITY_ENDPOINT = `${home.url}/msi/token`;
    process.env.IDENTITY_HEADER = SECRET;
    try {
      const identity = new ManagedIdentityCredential({
        ...noRedirects,
        tlsOptions: tls,
        retryOptions: { maxRetries: 0 },
      });
      await expect(identity.getToken('https://vault.azure.net/.default')).rejects.toThrow();
    } finally {
      delete process.env.IDENTITY_ENDPOINT;
      delete process.env.IDENTITY_HEADER;
    }
    expect(heardElsewhere).toEqual([]);
    expect(heardAtHome.join('\n')).toContain(SECRET);
  });
});

describe('an answer that names another host', () => {
  const json = (body: unknown): EmulatorResponse => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body).replaceAll(unitVault, home.url),
  });

  it('as the next page of a list of the vault is not asked', async () => {
    answer = (request) =>
      request.headers.authorization === undefined
        ? challenge()
        : json({ value: [], nextLink: `${elsewhere.url}/certificates?page=2` });
    await expect(all(createKeyVault(connection()).list(home.url))).rejects.toMatchObject({
      code: 'vault-refused',
      message: expect.stringContaining('an answer points to another host'),
    });
    expect(heardElsewhere).toEqual([]);
  });

  it('as the next page of a list of Resource Manager is not asked', async () => {
    answer = () => json({ value: [], nextLink: `${elsewhere.url}${site}?page=2` });
    await expect(all(arm().list(site))).rejects.toMatchObject({ code: 'arm-refused' });
    expect(heardElsewhere).toEqual([]);
  });

  it('as the key of the CA signs nothing', async () => {
    const foreign = { ...Object(bundle('leaf')), kid: `${elsewhere.url}/keys/shop/${'b'.repeat(32)}` };
    answer = (request) => (request.headers.authorization === undefined ? challenge() : json(foreign));
    const sign = async () => (await signer().current()).sign('ES256', new Uint8Array(32));
    await expect(sign()).rejects.toMatchObject({ code: 'vault-refused' });
    expect(heardElsewhere).toEqual([]);
  });
});

describe('this proof', () => {
  it('hears a client that follows', async () => {
    answer = () => ({ status: 307, headers: { location: `${elsewhere.url}/taken` } });
    const redirectOptions = { allowCrossOriginRedirects: true };
    const follower = createPipelineFromOptions({ tlsOptions: tls, redirectOptions });
    await follower.sendRequest(createDefaultHttpClient(), createPipelineRequest({ url: `${home.url}/start` }));
    expect(heardElsewhere).toEqual([expect.stringContaining('GET /taken')]);
  });
});
