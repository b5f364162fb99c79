import { afterEach, describe, expect, it } from 'vitest';
import role from '../../infra/roles/usage-reader.json' with { type: 'json' };
import { appServiceSource } from '../../local/arm/graph/app-service.ts';
import { computeSource } from '../../local/arm/graph/compute.ts';
import { graphRoutes } from '../../local/arm/graph/graph.ts';
import { networkSource } from '../../local/arm/graph/network.ts';
import { createGateways } from '../../local/arm/network/gateways.ts';
import { createGraph } from '../../src/targets/discovery/graph.ts';
import { joinUses } from '../../src/targets/discovery/join.ts';
import { lookForUses } from '../../src/targets/discovery/look.ts';
import { makeSecret, privateCa, SUBSCRIPTION, VAULT } from '../unit/local/arm/bench.ts';
import { computeBench, linuxSeed, SECRET, windowsSeed } from '../unit/local/arm/compute-bench.ts';
import { armBench } from './arm-bench.ts';

const SCOPE = `/subscriptions/${SUBSCRIPTION}`;
const NETWORK = `${SCOPE}/resourceGroups/rg-net/providers/Microsoft.Network`;
const SITE = `${SCOPE}/resourceGroups/rg-web/providers/Microsoft.Web/sites/shop`;
const OTHER = '44444444-4444-4444-4444-444444444444';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Wish {
  readonly actions?: readonly string[];
  readonly pageRows?: number;
  readonly machines?: number;
  /** App settings of a site with an identity, and of its slot. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly quota?: { readonly queries: number; readonly seconds: number };
}

/** Machines and a gateway that use a certificate, and the app's look at them over HTTPS. */
async function open({ actions = role.actions, pageRows = 1000, machines = 1, settings, quota }: Wish = {}) {
  const bench = computeBench();
  const { compute, clock, vault, appService, operations } = bench;
  const made = await makeSecret(await privateCa());
  vault.now = made.secret;
  for (let at = 1; at <= machines; at++) await compute.addMachine(linuxSeed(`vm-${at}`));
  await compute.addMachine(windowsSeed());
  const gateways = createGateways({ clock, operations, readSecret: async () => made.secret });
  await gateways.add({
    ...{ resourceId: `${NETWORK}/applicationGateways/agw`, location: 'westeurope', tags: { ring: 'late' } },
    identityId: `${SCOPE}/resourceGroups/rg-net/providers/Microsoft.ManagedIdentity/userAssignedIdentities/agw`,
    subnetId: `${NETWORK}/virtualNetworks/net/subnets/agw`,
    publicAddressId: `${NETWORK}/publicIPAddresses/agw`,
    sslCertificates: [{ name: 'shop', keyVaultSecretId: SECRET }],
    listeners: { 'shop.contoso.example': 'shop' },
  });
  if (settings !== undefined) {
    for (const resourceId of [SITE, `${SITE}/slots/staging`]) {
      const seed = { resourceId, location: 'West Europe', environment: 'ase-v3', hostNames: [] } as const;
      appService.addSite({ ...seed, identityId: OTHER, settings });
    }
  }
  const sources = [appServiceSource(appService), computeSource(compute), networkSource(gateways)];
  const arm = await armBench({
    ...{ role: actions, scope: SCOPE, clock, appService, subscriptions: [SUBSCRIPTION] },
    routesFor: (access) =>
      graphRoutes({ access, clock, subscriptions: [SUBSCRIPTION], sources, ...(quota && { quota }) }),
  });
  ends.push(
    () => arm.close(),
    () => compute.stop(),
    () => gateways.stop(),
    () => appService.stop(),
  );
  const rests: number[] = [];
  const rest = async (seconds: number): Promise<void> => {
    rests.push(seconds);
    clock.advance(seconds * 1000);
  };
  const graph = createGraph({ arm: arm.arm, rest, pageRows });
  const look = (subscriptions: readonly string[] = [SUBSCRIPTION]) =>
    lookForUses(subscriptions, { graph, arm: arm.arm, clock });
  return { ...bench, arm, rests, look };
}

const estate = {
  vaults: [{ name: 'kv-one', uri: new URL(SECRET).origin, resourceId: VAULT }],
  certificates: [{ vault: 'kv-one', name: 'shop', plan: 'web', owner: 'team', targets: [], discover: false }],
};

describe('the look at where certificates are used', () => {
  it('finds machines and gateways by what Resource Graph shows of them', async () => {
    const { look } = await open();
    const [uses] = joinUses(estate, await look(), []);
    expect(uses?.uses.map(({ kind, state, resourceId }) => [kind, state, resourceId.split('/').at(-1)])).toEqual([
      ['application-gateway', 'discovered', 'agw'],
      ['virtual-machine', 'incomplete', 'vm-1'],
      ['virtual-machine', 'incomplete', 'win-1'],
    ]);
    expect(uses?.uses[0]?.entry).toMatchObject({
      kind: 'application-gateway',
      sslCertificate: 'shop',
      endpoint: { host: 'shop.contoso.example' },
      tags: { ring: 'late' },
    });
  });

  it('reads page after page', async () => {
    const { look } = await open({ pageRows: 2, machines: 5 });
    const { found, problems } = await look();
    expect(problems).toEqual([]);
    expect(found.filter(({ kind }) => kind === 'virtual-machine')).toHaveLength(6);
  });

  it('rests when the quota of its identity is used up, and is refused nothing', async () => {
    const { look, rests } = await open({ quota: { queries: 2, seconds: 5 } });
    expect((await look()).problems).toEqual([]);
    expect(rests.length).toBeGreaterThan(2);
  });

  it('tells of a subscription that it sees nothing of', async () => {
    const { look } = await open();
    expect((await look([SUBSCRIPTION, OTHER])).unseen).toEqual([OTHER]);
    expect((await look([OTHER])).unseen).toEqual([OTHER]);
  });

  it('finds settings of sites and slots that refer to the certificate', async () => {
    const url = `${SECRET}/${'a'.repeat(32)}`;
    const settings = {
      TLS: `@Microsoft.KeyVault(SecretUri=${url})`,
      PLAIN: 'text that stays where it is',
      BAD: '@Microsoft.KeyVault()',
    };
    const { look, arm } = await open({ settings });
    const seen = await look();
    expect(seen.problems).toEqual([]);
    expect(JSON.stringify(seen)).not.toContain('text that stays');
    const [uses] = joinUses(estate, seen, []);
    const found = uses?.uses.filter(({ kind }) => kind === 'app-settings') ?? [];
    expect(found.map(({ resourceId, state, version }) => [resourceId, state, version])).toEqual([
      [SITE, 'pinned', 'a'.repeat(32)],
      [`${SITE}/slots/staging`, 'pinned', 'a'.repeat(32)],
    ]);
    const asked = new Set(arm.identity.demands.map(({ action }) => action));
    expect([...asked].filter((action) => !role.actions.includes(action))).toEqual([]);
    expect(asked).toContain('Microsoft.Web/sites/slots/config/appsettings/read');
  });

  it('tells that it may not read them, and sees the other places all the same', async () => {
    const actions = role.actions.filter((action) => !action.includes('/config/'));
    const { look } = await open({ actions, settings: { TLS: `@Microsoft.KeyVault(SecretUri=${SECRET})` } });
    const { found, problems } = await look();
    expect(problems).toMatchObject([{ kind: 'app-settings', code: 'arm-forbidden' }]);
    expect(problems[0]?.problem).toContain('Microsoft.Web/sites/config/appsettings/read');
    expect(found.map(({ kind }) => kind)).toEqual(['application-gateway', 'virtual-machine', 'virtual-machine']);
  });

  it.each([
    ['application-gateway', 'Microsoft.Network/applicationGateways/read'],
    ['virtual-machine', 'Microsoft.Compute/virtualMachines/extensions/read'],
  ])('sees no %s without %s', async (kind, action) => {
    const { look } = await open({ actions: role.actions.filter((one) => one !== action) });
    expect((await look()).found.filter((found) => found.kind === kind)).toEqual([]);
  });

  it('asks for nothing that its role does not give', async () => {
    const { look, arm } = await open();
    await look();
    const asked = arm.identity.demands.map(({ action }) => action);
    expect(asked).toContain('Microsoft.Resources/subscriptions/read');
    expect(asked.filter((action) => !role.actions.includes(action))).toEqual([]);
  });
});
