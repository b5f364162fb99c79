import { beforeAll, describe, expect, it } from 'vitest';
import type { Found } from '../../../../src/targets/discovery/found.ts';
import type { Held } from '../../../../src/targets/discovery/held.ts';
import { joinUses } from '../../../../src/targets/discovery/join.ts';
import type { Look } from '../../../../src/targets/discovery/look.ts';
import { referredTo, type Use } from '../../../../src/targets/discovery/uses.ts';
import { warningsOf } from '../../../../src/targets/discovery/warnings.ts';
import { GROUP, lists, resources, SUBSCRIPTION, THUMBPRINT, UPLOADED, VAULT, VAULT_ID, VERSION } from './azure.ts';
import { lookAt } from './bench.ts';
import { estate } from './estate.ts';

const SITE = `${GROUP}/providers/Microsoft.Web/sites/shop`;
const target = (hostName: string, site = SITE) => ({
  ...{ kind: 'app-service', site, certificateResource: 'contoso-shop', hostName },
});

const shopOf = (found: ReturnType<typeof joinUses>) => found.find(({ name }) => name === 'shop');
const states = (uses: readonly Use[] = []) =>
  uses.map(({ kind, state, host }) => `${kind} ${state} ${host ?? ''}`.trim());
const held: readonly Held[] = [
  { vault: 'contoso', name: 'shop', thumbprint: THUMBPRINT, names: ['*.contoso.com'], older: new Map() },
];

const lookOf = (found: readonly Found[], over: Partial<Look> = {}): Look => ({
  ...{ found, whole: ['app-service'], unseen: [], problems: [] },
  ...over,
});

// The first reading loads the parser, which takes longer than any test.
beforeAll(() => lookAt(resources, lists), 60_000);

describe('joinUses', () => {
  it('says of every place what it means for the next renewal', async () => {
    const joined = joinUses(estate([target('shop.contoso.com')]), await lookAt(resources, lists), held);
    expect(states(shopOf(joined)?.uses)).toEqual([
      'api-management copy pay.contoso.com',
      'api-management guided api.contoso.com',
      'app-service copy pay.contoso.com',
      'app-service explained shop.contoso.com',
      'app-service discovered staging.contoso.com',
      'app-settings pinned',
      'app-settings guided',
      'application-gateway pinned',
      'application-gateway discovered www.contoso.com',
      'container-apps guided',
      'front-door guided',
      'front-door pinned',
      'scale-set incomplete',
      'service-fabric pinned',
      'virtual-machine incomplete',
      'virtual-machine pinned',
    ]);
    expect(joined.find(({ name }) => name === 'other')).toMatchObject({ isPlanned: false, stale: [] });
  });

  it('offers an entry that the estate file takes as it is', async () => {
    const { uses } = shopOf(joinUses(estate([]), await lookAt(resources, lists), [])) ?? { uses: [] };
    const entries = uses.flatMap(({ state, entry }) => (state === 'discovered' && entry ? [entry] : []));
    expect(entries).toHaveLength(3);
    const again = joinUses(estate(entries), await lookAt(resources, lists), []);
    expect(states(shopOf(again)?.uses).filter((one) => !/guided|pinned|incomplete/.test(one))).toEqual([
      'app-service explained shop.contoso.com',
      'app-service explained staging.contoso.com',
      'application-gateway explained www.contoso.com',
    ]);
  });

  it('covers a machine by its id, whatever people add to say what it serves', async () => {
    const machine = {
      ...{ kind: 'virtual-machine', machine: `${GROUP}/providers/Microsoft.Compute/virtualMachines/VM1` },
      ...{ location: 'westeurope', os: 'linux', path: '/etc/certs/contoso.shop', service: 'nginx' },
    };
    const { uses, stale } = shopOf(joinUses(estate([machine]), await lookAt(resources, lists), [])) ?? {};
    expect(states(uses)).toContain('virtual-machine explained');
    expect(stale).toEqual([]);
    const incomplete = shopOf(joinUses(estate([]), await lookAt(resources, lists), []))?.uses;
    expect(incomplete?.find(({ kind, state }) => kind === 'virtual-machine' && state === 'incomplete')?.entry).toEqual({
      ...{
        kind: 'virtual-machine',
        machine: machine.machine.replace('VM1', 'vm1'),
        location: 'westeurope',
        os: 'linux',
      },
      tags: { ring: '1' },
    });
  });

  it('begins the entry of a scale set, which people finish', async () => {
    const set = `${GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/web`;
    const { uses } = shopOf(joinUses(estate([]), await lookAt(resources, lists), [])) ?? {};
    const found = uses?.find(({ kind }) => kind === 'scale-set');
    const entry = { kind: 'scale-set', scaleSet: set, location: 'westeurope', os: 'linux' };
    expect(found).toMatchObject({ state: 'incomplete', entry });
    const finished = { ...entry, path: '/etc/certs/contoso.shop', service: 'nginx' };
    const joined = joinUses(estate([finished]), await lookAt(resources, lists), []);
    expect(states(shopOf(joined)?.uses)).toContain('scale-set explained');
    expect(shopOf(joined)?.stale).toEqual([]);
  });

  it('gives a target that another certificate claims to nobody', async () => {
    const other = { vault: 'contoso', name: 'other', plan: 'standard', targets: [target('shop.contoso.com')] };
    const joined = joinUses(estate([], { certificates: [other] }), await lookAt(resources, lists), []);
    expect(shopOf(joined)?.uses.find(({ host }) => host === 'shop.contoso.com')).toMatchObject({
      ...{ state: 'claimed', target: 'app-service:shop:shop.contoso.com' },
    });
  });

  it('tells a copy of the current version from another certificate for its names', () => {
    const upload = (thumbprint: string, names: readonly string[]): Found => ({
      ...{ kind: 'app-service', resourceId: SITE, detail: 'x', reference: { by: 'upload', thumbprint, names } },
    });
    const of = (found: Found) => shopOf(joinUses(estate([]), lookOf([found]), held))?.uses.map(({ copyOf }) => copyOf);
    expect(of(upload(THUMBPRINT, []))).toEqual(['current']);
    expect(of(upload(UPLOADED, ['a.contoso.com', 'b.contoso.com']))).toEqual(['other']);
    expect(of(upload(UPLOADED, ['a.contoso.com', 'contoso.com']))).toEqual([]);
    expect(of(upload(UPLOADED, ['a.b.contoso.com']))).toEqual([]);
    expect(of(upload(UPLOADED, []))).toEqual([]);
  });

  it('misses a target only where everything was looked at', () => {
    const of = (look: Look) => shopOf(joinUses(estate([target('gone.contoso.com')]), look, []))?.stale;
    expect(of(lookOf([]))).toEqual(['app-service:shop:gone.contoso.com']);
    expect(of(lookOf([], { whole: [] }))).toEqual([]);
    expect(of(lookOf([], { unseen: [SUBSCRIPTION] }))).toEqual([]);
  });

  it('says of which targets it cannot tell whether they are still there, and why', () => {
    const webhook = {
      kind: 'webhook',
      name: 'edge',
      url: `${VAULT}/secrets/hook-url`,
      secret: `${VAULT}/secrets/hook`,
      endpoint: { host: 'a.b' },
    };
    const of = (look: Look) =>
      shopOf(joinUses(estate([target('gone.contoso.com'), webhook]), look, []))?.untold.map(
        ({ reason, count, targets }) => [reason, count, targets.length],
      );
    expect(of(lookOf([]))).toEqual([['not-looked-for', 1, 1]]);
    expect(of(lookOf([], { unseen: [SUBSCRIPTION] }))).toEqual([
      ['not-looked-for', 1, 1],
      ['subscription-unseen', 1, 1],
    ]);
    expect(of(lookOf([], { whole: [] }))).toEqual([
      ['not-looked-for', 1, 1],
      ['not-whole', 1, 1],
    ]);
    const many = Array.from({ length: 30 }, (_, at) => target(`n${at}.contoso.com`));
    expect(shopOf(joinUses(estate(many), lookOf([], { whole: [] }), []))?.untold).toMatchObject([{ count: 30 }]);
  });

  it('does not miss a target that serves an upload for now', async () => {
    const joined = joinUses(estate([target('pay.contoso.com')]), await lookAt(resources, lists), held);
    expect(shopOf(joined)?.stale).toEqual([]);
    expect(
      shopOf(joined)?.uses.find(({ host, kind }) => host === 'pay.contoso.com' && kind === 'app-service'),
    ).toMatchObject({ state: 'copy', target: 'app-service:shop:pay.contoso.com' });
  });

  it('is the same text however Azure orders its rows', async () => {
    const one = joinUses(estate([]), await lookAt(resources, lists), held);
    const other = joinUses(estate([]), await lookAt([...resources].reverse(), lists), held);
    expect(JSON.stringify(other.filter(({ isPlanned }) => isPlanned))).toBe(
      JSON.stringify(one.filter(({ isPlanned }) => isPlanned)),
    );
  });
});

describe('referredTo', () => {
  const { vaults } = estate([]);
  const of = (url: string) => referredTo({ reference: { by: 'secret-url', url } }, vaults);

  it.each([
    [`${VAULT}/secrets/Shop`, { vault: 'contoso', name: 'shop' }],
    [`${VAULT}/secrets/shop/`, { vault: 'contoso', name: 'shop' }],
    ['https://CONTOSO.vault.azure.net:443/certificates/shop', { vault: 'contoso', name: 'shop' }],
    [`${VAULT}/secrets/shop/${VERSION.toUpperCase()}`, { vault: 'contoso', name: 'shop', version: VERSION }],
  ])('reads %s', (url, referred) => {
    expect(of(url)).toEqual(referred);
  });

  it.each([
    'https://contoso.vault.azure.net.evil.example/secrets/shop',
    'https://evil-contoso.vault.azure.net/secrets/shop',
    'https://contoso.vault.azure.net@evil.example/secrets/shop',
    'https://user@contoso.vault.azure.net/secrets/shop',
    'http://contoso.vault.azure.net/secrets/shop',
    'https://contoso.vault.azure.net:8443/secrets/shop',
    'https://contoso.vault.azure.net/keys/shop',
    'https://contoso.vault.azure.net/secrets/shop/latest',
    'https://contoso.vault.azure.net/secrets/shop?x=/secrets/other',
    'https://contoso.vault.azure.net/secrets/a/../shop%2f',
    'contoso.vault.azure.net/secrets/shop',
    '',
  ])('takes %s for none of its vaults', (url) => {
    expect(of(url)).toBeUndefined();
  });

  it('knows a vault by its whole ARM id', () => {
    const by = (vaultId: string) => referredTo({ reference: { by: 'vault-id', vaultId, name: 'Shop' } }, vaults);
    expect(by(VAULT_ID.toUpperCase())).toEqual({ vault: 'contoso', name: 'shop' });
    expect(by(`${VAULT_ID}-2`)).toBeUndefined();
    expect(by('/vaults/contoso')).toBeUndefined();
  });
});

describe('warningsOf', () => {
  const use = (kind: Use['kind'], location?: string): Use => ({
    ...{ kind, state: 'explained', resourceId: SITE, detail: 'x', reference: 'versionless' },
    ...(location !== undefined && { location }),
  });
  const warned = (uses: readonly Use[], plan: object, issuer: object = {}) => {
    const { plans, issuers } = estate([], { plan, issuer });
    const [standard] = Object.values(plans);
    if (standard === undefined) throw new TypeError('no plan');
    return warningsOf(uses, { plan: standard, issuer: issuers.public });
  };
  const calm = { acceptance: { validityDays: 90 } };

  it.each([
    ['a private CA at Front Door', [use('front-door')], calm, { private: true }, ['private-ca']],
    ['EC keys at Front Door', [use('front-door')], { acceptance: { keys: ['P-256'] } }, {}, ['key-type']],
    [
      'a life of six days at Front Door',
      [use('front-door')],
      { acceptance: { validityDays: 6, minimumDays: 2 } },
      {},
      ['pull-window'],
    ],
    ['two regions', [use('scale-set', 'westeurope'), use('scale-set', 'northeurope')], calm, {}, ['many-regions']],
    ['a region, and Front Door', [use('scale-set', 'westeurope'), use('front-door', 'global')], calm, {}, []],
    ['what goes together', [use('app-service'), use('container-apps')], calm, { private: true }, []],
  ] as const)('warns of %s', (_, uses, plan, issuer, codes) => {
    expect(warned(uses, plan, issuer).map(({ code }) => code)).toEqual(codes);
  });

  it('warns of places that a renewal does not reach, and of those that people have to look after', () => {
    const states = ['pinned', 'copy', 'guided', 'guided', 'explained', 'incomplete', 'claimed'] as const;
    const uses = states.map((state) => ({ ...use('service-fabric'), state }));
    expect(warned([...uses, { ...use('virtual-machine'), state: 'pinned' }], calm)).toEqual([
      { code: 'pinned', detail: 'service-fabric 2, virtual-machine 1' },
      { code: 'guided', detail: 'service-fabric 2' },
    ]);
  });
});
