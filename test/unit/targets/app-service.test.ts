import { describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import type { AppServiceTarget } from '../../../src/plan/targets/app-service.ts';
import { create } from '../../../src/targets/app-service.ts';
import type { VersionToServe } from '../../../src/targets/port.ts';
import { createTarget } from '../../../src/targets/registry.ts';
import { type ScriptedArm, scriptedArm } from './scripted-arm.ts';

const subscription = '/subscriptions/11111111-1111-1111-1111-111111111111';
const group = `${subscription}/resourceGroups/web`;
const vaultId = `${subscription}/resourceGroups/keys/providers/Microsoft.KeyVault/vaults/kv-main`;
const site = `${group}/providers/Microsoft.Web/sites/shop`;
const certificateId = `${group}/providers/Microsoft.Web/certificates/shop-cert`;
const bindingId = `${site}/hostNameBindings/shop.contoso.example`;
const [OLD, NEW] = ['0'.repeat(39) + 'A', '0'.repeat(39) + 'B'];

const target: AppServiceTarget = {
  kind: 'app-service',
  id: 'app-service:shop:shop.contoso.example',
  site,
  certificateResource: 'shop-cert',
  hostName: 'shop.contoso.example',
  endpoint: { host: '127.0.0.1', port: 443, sni: 'shop.contoso.example' },
};
const version: VersionToServe = {
  renewalId: 'shop-renewal',
  vault: 'https://kv-main.vault.azure.net',
  vaultResourceId: vaultId,
  name: 'shop',
  version: 'a'.repeat(32),
  sha256: 'b'.repeat(64),
  thumbprint: NEW,
};

interface World {
  readonly site?: object | undefined;
  readonly certificate?: object | undefined;
  readonly binding?: object | undefined;
  /** What App Service reads in the vault when it is made to. */
  readonly inVault?: { readonly thumbprint: string; readonly keyVaultSecretStatus?: string };
  readonly bindingsFollow?: boolean;
  readonly more?: Readonly<Record<string, unknown>>;
}

const certificate = (name: string, properties: object = {}) => ({
  id: `${group}/providers/Microsoft.Web/certificates/${name}`,
  name,
  location: 'West Europe',
  tags: { team: 'shop' },
  properties: {
    thumbprint: OLD,
    keyVaultId: vaultId.toLowerCase(),
    keyVaultSecretName: 'shop',
    keyVaultSecretStatus: 'Initialized',
    serverFarmId: `${group}/providers/Microsoft.Web/serverfarms/plan`,
    webSpace: 'web-WestEuropewebspace',
    subjectName: 'shop.contoso.example',
    ...properties,
  },
});

const binding = (thumbprint: string | null, sslState = 'SniEnabled') => ({
  properties: { siteName: 'shop', hostNameType: 'Verified', sslState, thumbprint },
});

/** App Service as it behaves: a PUT of the certificate reads the vault and takes the bindings along. */
function appService(world: World): ScriptedArm {
  const { inVault = { thumbprint: NEW }, bindingsFollow = true } = world;
  const entries: [string, unknown][] = [
    [site, 'site' in world ? world.site : { properties: { serverFarmId: null, hostingEnvironmentProfile: null } }],
    [certificateId, 'certificate' in world ? world.certificate : certificate('shop-cert')],
    [bindingId, 'binding' in world ? world.binding : binding(OLD)],
    ...Object.entries(world.more ?? {}),
  ];
  const resources = Object.fromEntries(entries.filter(([, body]) => body !== undefined));
  const arm = scriptedArm(resources, (id, body, before) => {
    if (!id.includes('/certificates/')) return body;
    if (bindingsFollow) arm.resources.set(bindingId.toLowerCase(), binding(inVault.thumbprint));
    const { properties, ...rest } = before as ReturnType<typeof certificate>;
    return { ...rest, properties: { ...properties, ...inVault } };
  });
  return arm;
}

const adapterFor = (arm: ScriptedArm) => create({ arm, clock: { now: () => new Date(0) } });

describe('deploy', () => {
  it('writes the certificate resource again, with its own body', async () => {
    const arm = appService({});
    expect(await adapterFor(arm).deploy(target, version)).toEqual({
      state: 'deployed',
      detail: `shop.contoso.example is bound to ${NEW}`,
    });
    expect(arm.puts.map(({ id }) => id.toLowerCase())).toEqual([certificateId.toLowerCase()]);
    expect(arm.puts[0]?.body).toEqual({
      location: 'West Europe',
      tags: { team: 'shop' },
      properties: {
        keyVaultId: vaultId.toLowerCase(),
        keyVaultSecretName: 'shop',
        serverFarmId: `${group}/providers/Microsoft.Web/serverfarms/plan`,
        password: '',
      },
    });
  });

  it('writes nothing when everything shows the version already', async () => {
    const arm = appService({});
    await adapterFor(arm).deploy(target, version);
    const writes = arm.puts.length;
    expect(await adapterFor(arm).deploy(target, version)).toMatchObject({ state: 'deployed' });
    expect(arm.puts).toHaveLength(writes);
  });

  it.each([
    ['stayed on the old thumbprint', { bindingsFollow: false }, 'SniEnabled'],
    ['was disabled', { bindingsFollow: false, binding: binding(NEW, 'Disabled') }, 'SniEnabled'],
    ['goes by IP address', { bindingsFollow: false, binding: binding(OLD, 'IpBasedEnabled') }, 'IpBasedEnabled'],
  ])('binds the host name again when its binding %s', async (_, world, sslState) => {
    const arm = appService(world);
    expect(await adapterFor(arm).deploy(target, version)).toMatchObject({ state: 'deployed' });
    expect(arm.puts.at(-1)).toEqual({
      id: bindingId,
      body: { properties: { siteName: 'shop', hostNameType: 'Verified', sslState, thumbprint: NEW } },
    });
  });

  it('finds the certificate resource in the resource group of the plan', async () => {
    const plans = `${subscription}/resourceGroups/plans`;
    const id = `${plans}/providers/Microsoft.Web/certificates/shop-cert`;
    const arm = appService({
      site: { properties: { serverFarmId: `${plans}/providers/Microsoft.Web/serverfarms/plan` } },
      certificate: undefined,
      more: { [id]: { ...certificate('shop-cert'), id } },
    });
    expect(await adapterFor(arm).deploy(target, version)).toMatchObject({ state: 'deployed' });
    expect(arm.puts[0]?.id).toBe(id);
  });

  it.each([
    ['the certificate resource is gone', { certificate: undefined }, 'there is no certificate resource shop-cert'],
    ['the binding is gone', { binding: undefined, bindingsFollow: false }, 'no binding for shop.contoso.example'],
    ['the certificate was uploaded', { certificate: certificate('shop-cert', { keyVaultId: null }) }, 'was uploaded'],
    [
      'it imports another certificate',
      { certificate: certificate('shop-cert', { keyVaultSecretName: 'other' }) },
      'shop-cert imports other of',
    ],
    [
      'it imports from another vault',
      { certificate: certificate('shop-cert', { keyVaultId: vaultId.replace('kv-main', 'kv-else') }) },
      'kv-else',
    ],
    [
      'App Service may not read the vault',
      { inVault: { thumbprint: OLD, keyVaultSecretStatus: 'AzureServiceUnauthorizedToAccessKeyVault' } },
      'Key Vault Certificate User',
    ],
    [
      'the vault is gone',
      { inVault: { thumbprint: OLD, keyVaultSecretStatus: 'KeyVaultDoesNotExist' } },
      'does not find the vault',
    ],
  ])('is refused when %s', async (_, world, reason) => {
    const arm = appService(world);
    const answer = await adapterFor(arm).deploy(target, version);
    expect(answer).toEqual({ state: 'refused', reason: expect.stringContaining(reason) });
  });

  it('is refused when ARM refuses the write', async () => {
    const arm = appService({});
    arm.put = async () => {
      throw new RenewalError('arm-refused', 'arm: PUT failed: 400 BadRequest: no');
    };
    expect(await adapterFor(arm).deploy(target, version)).toEqual({
      state: 'refused',
      reason: 'arm: PUT failed: 400 BadRequest: no',
    });
  });

  it.each([
    ['the certificate resource', { inVault: { thumbprint: OLD } }],
    ['the certificate resource', { inVault: { thumbprint: OLD, keyVaultSecretStatus: 'UnknownError' } }],
  ])('is to be tried again while %s shows an older version', async (what, world) => {
    await expect(adapterFor(appService(world)).deploy(target, version)).rejects.toMatchObject({
      retry: true,
      retryAfterSeconds: 60,
      message: expect.stringContaining(what),
    });
  });

  it('is to be tried again when a write goes on in Azure', async () => {
    const arm = appService({});
    const operation = { kind: 'status', url: 'https://management.azure.com/o' } as const;
    arm.put = async () => ({ state: 'running', operation, retryAfterSeconds: 7 });
    const again = { code: 'arm-throttled', retryAfterSeconds: 7 };
    await expect(adapterFor(arm).deploy(target, version)).rejects.toMatchObject(again);
  });

  it('cannot tell when an answer lacks what has to be there', async () => {
    const arm = appService({ certificate: { id: certificateId, name: 'shop-cert', properties: {} } });
    await expect(adapterFor(arm).deploy(target, version)).rejects.toMatchObject({
      code: 'arm-unreachable',
      message: expect.stringContaining('lacks location'),
    });
  });
});

describe('rollBack', () => {
  const keeper = (properties: object = {}) => {
    const resource = certificate('shop-cert-old', { keyVaultId: null, keyVaultSecretName: null, ...properties });
    return { [resource.id]: resource };
  };
  const deployed = { certificate: certificate('shop-cert', { thumbprint: NEW }), binding: binding(NEW) };
  const lastGood: VersionToServe = { ...version, version: 'c'.repeat(32), thumbprint: OLD };

  it('binds the host name to another resource that still holds the last good version', async () => {
    const arm = appService({ ...deployed, more: keeper() });
    const answer = await adapterFor(arm).rollBack(target, lastGood);
    expect(answer).toEqual({ state: 'rolled-back', detail: expect.stringContaining('bound to shop-cert-old until') });
    expect(arm.puts).toHaveLength(1);
    expect(arm.puts[0]?.id).toBe(bindingId);
    expect(await adapterFor(arm).rollBack(target, lastGood)).toMatchObject({ state: 'rolled-back' });
    expect(arm.puts).toHaveLength(1);
  });

  it('binds back to its own resource while that one was not synchronized', async () => {
    const arm = appService({ binding: binding(NEW) });
    expect(await adapterFor(arm).rollBack(target, lastGood)).toMatchObject({ state: 'rolled-back' });
  });

  it.each([
    ['no other resource holds the last good version', deployed, 'one copy per certificate resource'],
    ['only another webspace does', { ...deployed, more: keeper({ webSpace: 'web-else' }) }, 'none of the webspace'],
    ['the binding is gone', { ...deployed, binding: undefined }, 'no binding'],
    ['the certificate resource is gone', { ...deployed, certificate: undefined }, 'no certificate resource'],
  ])('is impossible when %s', async (_, world, reason) => {
    const arm = appService(world);
    const answer = await adapterFor(arm).rollBack(target, lastGood);
    expect(answer).toEqual({ state: 'impossible', reason: expect.stringContaining(reason) });
    expect(arm.puts).toEqual([]);
  });
});

describe('preflight', () => {
  const environment = { id: `${group}/providers/Microsoft.Web/hostingEnvironments/ase` };
  it.each([
    ['a private CA on a multi-tenant site', true, { hostingEnvironmentProfile: null }, 'private-ca-on-multi-tenant'],
    ['a private CA in an App Service Environment', true, { hostingEnvironmentProfile: environment }, undefined],
    ['a public CA on a multi-tenant site', false, { hostingEnvironmentProfile: null }, undefined],
    ['a site that is gone', true, undefined, undefined],
  ])('judges %s', async (_, isPrivate, properties, reason) => {
    const arm = appService({ site: properties && { properties } });
    expect(await adapterFor(arm).preflight?.(target, { isPrivate, keyType: 'RSA-2048', exportable: true })).toEqual(
      reason === undefined ? {} : { refused: reason },
    );
  });
});

describe('createTarget', () => {
  it('makes the adapter of a kind, which says what it can', () => {
    const adapter = createTarget('app-service', { arm: appService({}), clock: { now: () => new Date(0) } });
    expect(adapter).toMatchObject({
      kind: 'app-service',
      capabilities: { control: 'push', pullWindowHours: 24, rollBack: 'until-next-pull' },
    });
  });
});
