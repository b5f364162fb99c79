import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SiteSeed } from '../../local/arm/app-service-types.ts';
import { ARM_AUDIENCE, createArm as createArmEmulator } from '../../local/arm/arm.ts';
import { startConsumers } from '../../local/consumers/consumers.ts';
import { createIdentity } from '../../local/identity/identity.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { createArm } from '../../src/azure/arm.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import type { AppServiceTarget } from '../../src/plan/targets/app-service.ts';
import type { VersionToServe } from '../../src/targets/port.ts';
import { createTarget } from '../../src/targets/registry.ts';
import {
  appServiceBench,
  CERTIFICATE,
  GROUP,
  HOST,
  type MadeSecret,
  makeSecret,
  privateCa,
  SITE,
  SUBSCRIPTION,
  VAULT,
} from '../unit/local/arm/bench.ts';

const HOUR = 3_600_000;
/** All that the deployer's role grants: infra.md's "App Service binder". */
const ROLE = [
  'Microsoft.Web/certificates/read',
  'Microsoft.Web/certificates/write',
  'Microsoft.Web/serverfarms/join/action',
  'Microsoft.Web/sites/read',
  'Microsoft.Web/sites/hostNameBindings/read',
  'Microsoft.Web/sites/hostNameBindings/write',
];
const transport = createTransportCa();

let ca: Awaited<ReturnType<typeof privateCa>>;
let old: MadeSecret;
let renewed: MadeSecret;
beforeAll(async () => {
  ca = await privateCa();
  old = await makeSecret(ca);
  renewed = await makeSecret(ca, { keyType: 'RSA-2048' });
});

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Wish {
  readonly site?: Partial<SiteSeed>;
  readonly lagSeconds?: number;
  readonly lies?: boolean;
  readonly role?: readonly string[];
  readonly burst?: number;
}

/** A site that serves the old certificate, a vault that holds the renewed one, and the adapter over the real client. */
async function stand({ site = {}, lagSeconds = 0, lies = false, role = ROLE, burst = 100 }: Wish = {}) {
  const bench = appServiceBench();
  const { appService, clock, vault } = bench;
  ends.push(() => appService.stop());
  vault.now = old.secret;
  const seed = {
    resourceId: SITE,
    location: 'West Europe',
    environment: 'ase-v3' as const,
    hostNames: [HOST],
    ...site,
  };
  const certificate = { resourceId: CERTIFICATE, keyVaultId: VAULT, keyVaultSecretName: 'shop' };
  const consumers = await startConsumers({
    appService,
    clock,
    seeds: [{ ...seed, certificate, lagSeconds }],
    lies: () => lies,
  });
  ends.push(() => consumers.close());
  vault.now = renewed.secret;
  const identity = createIdentity({ tenantId: '22222222-2222-2222-2222-222222222222' });
  const objectId = '33333333-3333-3333-3333-333333333333';
  const principal = identity.addPrincipal({ name: 'deployer', clientId: objectId, objectId });
  identity.assign(principal.id, { actions: [...role], scope: GROUP });
  const bucket = { burst, perSecond: 0.01 };
  const limits = { reads: bucket, writes: bucket, deletes: bucket };
  const emulator = createArmEmulator({ access: identity, clock, appService, subscriptions: [SUBSCRIPTION], limits });
  const listener = await serveEmulator(emulator, { port: 0, tls: transport.issue() });
  ends.push(() => listener.close());
  const credential = {
    getToken: async () => ({
      token: identity.issueToken(principal, ARM_AUDIENCE),
      expiresOnTimestamp: Date.now() + HOUR,
    }),
  };
  const arm = createArm({ endpoint: listener.url, credential, tls: { ca: transport.caPem }, retryMilliseconds: 1 });
  const { host = '', port = 0, sni = '' } = consumers.endpoints[0] ?? {};
  const target: AppServiceTarget = {
    kind: 'app-service',
    id: 'app-service:shop:shop.contoso.example',
    site: SITE,
    certificateResource: 'shop-cert',
    hostName: HOST,
    endpoint: { host, port, sni },
  };
  const adapter = createTarget('app-service', { arm, clock, roots: [ca.root.pem] });
  return {
    ...bench,
    identity,
    target,
    adapter,
    served: () => adapter.probe(target, { purpose: 'verify', version: versionOf(renewed) }),
  };
}

const hashes = (made: MadeSecret): string[] => made.chain.map(sha256Hex);

const versionOf = (made: MadeSecret): VersionToServe => ({
  renewalId: 'shop-renewal',
  vault: 'https://kv-one.vault.azure.net',
  vaultResourceId: VAULT,
  name: 'shop',
  version: made.thumbprint.slice(0, 32).toLowerCase(),
  sha256: hashes(made)[0] ?? '',
  thumbprint: made.thumbprint,
});

const serves = (made: MadeSecret) => ({ state: 'served', sha256: hashes(made)[0] });

describe('the App Service target', () => {
  it('is seen serving the old version, then the new one, with nothing wrong', async () => {
    const { adapter, target, served } = await stand();
    expect(await served()).toMatchObject(serves(old));
    expect(await adapter.deploy(target, versionOf(renewed))).toMatchObject({ state: 'deployed' });
    const after = await served();
    expect(after).toMatchObject({ ...serves(renewed), chain: hashes(renewed) });
    expect(after).not.toHaveProperty('problem');
  });

  it('may be deployed to again without a second write', async () => {
    const { adapter, target, identity } = await stand();
    const writes = () => identity.demands.filter(({ action }) => action.endsWith('/write')).length;
    await adapter.deploy(target, versionOf(renewed));
    const before = writes();
    expect(await adapter.deploy(target, versionOf(renewed))).toMatchObject({ state: 'deployed' });
    expect(writes()).toBe(before);
  });

  it('binds again where the bindings stayed on the old thumbprint', async () => {
    const { adapter, target, faults, served, bound } = await stand();
    faults.add('app.binding');
    const answer = await adapter.deploy(target, versionOf(renewed));
    expect(answer).toEqual({ state: 'deployed', detail: expect.stringContaining('again') });
    expect(bound()).toBe(renewed.thumbprint);
    expect(await served()).toMatchObject(serves(renewed));
  });

  it('is deployed to in a slot', async () => {
    const slot = `${SITE}/slots/green`;
    const { adapter, target } = await stand({
      site: { resourceId: slot },
      role: [...ROLE, 'Microsoft.Web/sites/slots/read', ...bindingActions('Microsoft.Web/sites/slots')],
    });
    expect(await adapter.deploy({ ...target, site: slot }, versionOf(renewed))).toMatchObject({ state: 'deployed' });
  });

  it('is not believed: the probe sees what the front end has not taken yet', async () => {
    const { adapter, target, served, clock, appService } = await stand({ lagSeconds: 90 });
    await adapter.deploy(target, versionOf(renewed));
    expect(await served()).toMatchObject(serves(old));
    clock.advance(90_000);
    await appService.settled();
    await expect.poll(served).toMatchObject(serves(renewed));
  });

  it('is not believed: the probe sees that it lies', async () => {
    const { adapter, target, served } = await stand({ lies: true });
    expect(await adapter.deploy(target, versionOf(renewed))).toMatchObject({ state: 'deployed' });
    expect(await served()).toMatchObject(serves(old));
  });

  it('is tried again while App Service reads an older version', async () => {
    const { adapter, target, vault } = await stand();
    vault.now = old.secret;
    await expect(adapter.deploy(target, versionOf(renewed))).rejects.toMatchObject({ retry: true });
    vault.now = renewed.secret;
    expect(await adapter.deploy(target, versionOf(renewed))).toMatchObject({ state: 'deployed' });
  });

  it.each(['forbidden', 'vault-unknown', 'secret-unknown'] as const)(
    'is refused when App Service’s own read of the vault ends in %s',
    async (state) => {
      const { adapter, target, vault, served } = await stand();
      vault.now = { state };
      expect(await adapter.deploy(target, versionOf(renewed))).toMatchObject({ state: 'refused' });
      expect(await served()).toMatchObject(serves(old));
    },
  );

  it('is refused when the certificate resource is of another certificate', async () => {
    const { adapter, target } = await stand();
    const other = { ...versionOf(renewed), name: 'other' };
    expect(await adapter.deploy(target, other)).toEqual({
      state: 'refused',
      reason: expect.stringContaining('shop-cert imports shop of'),
    });
  });

  it('leaves everything as it is when the site has no such binding', async () => {
    const { adapter, target, served, identity } = await stand();
    const nowhere = { ...target, hostName: 'nowhere.contoso.example' };
    expect(await adapter.deploy(nowhere, versionOf(renewed))).toEqual({
      state: 'refused',
      reason: expect.stringContaining('no binding for nowhere.contoso.example'),
    });
    expect(identity.demands.filter(({ action }) => action.endsWith('/write'))).toEqual([]);
    expect(await served()).toMatchObject(serves(old));
  });

  it('says which permission is missing', async () => {
    const { adapter, target } = await stand({ role: ROLE.filter((action) => !action.includes('certificates/write')) });
    await expect(adapter.deploy(target, versionOf(renewed))).rejects.toMatchObject({
      code: 'arm-forbidden',
      message: expect.stringContaining('Microsoft.Web/certificates/write'),
    });
  });

  it('hands on how long ARM wants to be left alone', async () => {
    const { adapter, target } = await stand({ burst: 1 });
    await expect(adapter.deploy(target, versionOf(renewed))).rejects.toMatchObject({
      code: 'arm-throttled',
      retryAfterSeconds: expect.any(Number),
    });
  });

  it('demands no more than the role grants', async () => {
    const { adapter, target, identity } = await stand();
    await adapter.preflight?.(target, { isPrivate: true, keyType: 'RSA-2048', exportable: true });
    await adapter.deploy(target, versionOf(renewed));
    await adapter.rollBack(target, versionOf(old));
    expect(identity.demands.filter(({ granted }) => !granted)).toEqual([]);
    expect(identity.demands.map(({ action }) => action).filter((action) => !ROLE.includes(action))).toEqual([]);
  });
});

function bindingActions(site: string): string[] {
  return [`${site}/hostNameBindings/read`, `${site}/hostNameBindings/write`];
}

describe('rolling the App Service target back', () => {
  it('is impossible where no other resource of the webspace holds the last good version', async () => {
    const { adapter, target, served } = await stand();
    await adapter.deploy(target, versionOf(renewed));
    expect(await adapter.rollBack(target, versionOf(old))).toMatchObject({ state: 'impossible' });
    expect(await served()).toMatchObject(serves(renewed));
  });

  it('binds to another resource that still holds it, until App Service’s own sync', async () => {
    const { adapter, target, served, appService, vault, request, pass } = await stand();
    const site = appService.site(SITE);
    vault.now = old.secret;
    if (site !== undefined) await appService.seedCertificate(site, { ...request, resourceId: `${CERTIFICATE}-old` });
    vault.now = renewed.secret;
    await adapter.deploy(target, versionOf(renewed));
    expect(await adapter.rollBack(target, versionOf(old))).toMatchObject({ state: 'rolled-back' });
    expect(await served()).toMatchObject(serves(old));
    await pass(25 * HOUR);
    await expect.poll(served).toMatchObject(serves(renewed));
  });
});

describe('the preflight of the App Service target', () => {
  it.each([
    ['multi-tenant', true, { refused: 'private-ca-on-multi-tenant' }],
    ['ase-v3', true, {}],
    ['multi-tenant', false, {}],
  ] as const)('of a %s site, private CA: %s', async (environment, isPrivate, expected) => {
    const { adapter, target } = await stand({ site: { environment } });
    expect(await adapter.preflight?.(target, { isPrivate, keyType: 'RSA-2048', exportable: true })).toEqual(expected);
  });
});
