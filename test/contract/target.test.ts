import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CERTIFICATE, type MadeSecret, SITE } from '../unit/local/arm/bench.ts';
import { type AppServiceWish, hashes, makeSecrets, openAppService, ROLE, versionOf } from './app-service-bench.ts';

const HOUR = 3_600_000;

let secrets: Awaited<ReturnType<typeof makeSecrets>>;
let old: MadeSecret;
let renewed: MadeSecret;
beforeAll(async () => {
  secrets = await makeSecrets();
  ({ old, renewed } = secrets);
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stand(wish: AppServiceWish = {}) {
  const open = await openAppService(secrets, wish);
  ends.push(open.close);
  return open;
}

const serves = (made: MadeSecret) => ({ state: 'served', sha256: hashes(made)[0] });

/** What every kind of target does is in `app-service-suite.test.ts`. */
describe('the App Service target', () => {
  it('is seen serving the old version, then the new one, with nothing wrong', async () => {
    const { adapter, target, served } = await stand();
    expect(await served()).toMatchObject(serves(old));
    expect(await adapter.deploy(target, versionOf(renewed))).toMatchObject({ state: 'deployed' });
    const after = await served();
    expect(after).toMatchObject({ ...serves(renewed), chain: hashes(renewed) });
    expect(after).not.toHaveProperty('problem');
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
