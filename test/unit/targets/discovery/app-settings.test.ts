import { beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../local/clock.ts';
import { RenewalError } from '../../../../src/errors.ts';
import { joinUses } from '../../../../src/targets/discovery/join.ts';
import { lookForUses } from '../../../../src/targets/discovery/look.ts';
import { referredTo } from '../../../../src/targets/discovery/uses.ts';
import { APP, resources, SUBSCRIPTION, setting, VAULT, VERSION } from './azure.ts';
import { dependenciesOf, lookAt } from './bench.ts';
import { estate } from './estate.ts';

// The first reading loads the parser, which takes longer than any test.
beforeAll(() => lookAt(resources), 60_000);

const site = resources.find(({ type }) => type === 'Microsoft.Web/sites');
if (site === undefined) throw new TypeError('no site');
const under = (id: string): string => `${id}/config/configreferences/appsettings`.toLowerCase();

/** The settings of one site, as they are found. */
async function settingsOf(...members: readonly unknown[]) {
  const look = await lookAt([site as (typeof resources)[number]], { [under(site?.id ?? '')]: members });
  return { ...look, found: look.found.filter(({ kind }) => kind === 'app-settings') };
}

describe('references of app settings', () => {
  const { vaults } = estate([]);
  const newest = { vault: 'contoso', name: 'shop' };
  const pinned = { ...newest, version: VERSION };

  it.each([
    [{ reference: `@Microsoft.KeyVault(SecretUri=${VAULT}/secrets/Shop)` }, newest],
    [{ reference: `@Microsoft.KeyVault(SecretUri=${VAULT}/secrets/shop/)` }, newest],
    [{ reference: `@Microsoft.KeyVault(SecretUri=${VAULT}/secrets/shop/${VERSION})` }, pinned],
    [{ reference: '@Microsoft.KeyVault(VaultName=CONTOSO;SecretName=shop)' }, newest],
    [{ reference: `@microsoft.keyvault( vaultname=contoso ; secretname=shop ; secretversion=${VERSION})` }, pinned],
    [{ vaultName: 'contoso', secretName: 'shop' }, newest],
    [{ vaultName: 'contoso', secretName: 'shop', secretVersion: VERSION.toUpperCase() }, pinned],
    // What the setting says counts: the rest is what App Service made of it.
    [{ reference: '@Microsoft.KeyVault(VaultName=contoso;SecretName=shop)', secretVersion: VERSION }, newest],
    [
      { reference: '@Microsoft.KeyVault(SecretUri=https://contoso.vault.azure.net.evil.example/secrets/shop)' },
      undefined,
    ],
    [{ reference: '@Microsoft.KeyVault(VaultName=fabrikam;SecretName=shop)' }, undefined],
  ])('reads %j', async (properties, referred) => {
    const { found, problems } = await settingsOf(setting('TLS', properties));
    expect(problems).toEqual([]);
    expect(found.map((one) => referredTo(one, vaults))).toEqual([referred]);
  });

  it.each([
    [{ reference: '@Microsoft.KeyVault(nothing)' }],
    [{ reference: '@Microsoft.KeyVault(VaultName=contoso;SecretName=shop;SecretVersion=newest)' }],
    [{}],
  ])('tells of %j, which cannot be read', async (properties) => {
    const { found, problems, whole } = await settingsOf(setting('TLS', properties));
    expect(found).toEqual([]);
    expect(problems).toMatchObject([{ kind: 'app-settings', code: 'unreadable' }]);
    expect(whole).not.toContain('app-settings');
  });

  it('says nothing of what App Service cannot read either', async () => {
    const broken = setting('TLS', { reference: '@Microsoft.KeyVault(oops)', status: 'InvalidSyntax' });
    expect(await settingsOf(broken)).toMatchObject({ found: [], problems: [] });
  });

  it('tells which setting it is, what it lacks, and by whom the vault is read', async () => {
    const pointer = { vaultName: 'contoso', secretName: 'shop' };
    const { found } = await settingsOf(
      setting('TLS', { ...pointer, status: 'Resolved' }),
      setting('MORE', { ...pointer, status: 'AccessToKeyVaultDenied' }),
    );
    expect(found).toMatchObject([
      { resourceId: site.id, detail: 'app setting TLS', readers: [APP], location: 'westeurope' },
      { detail: 'app setting MORE, AccessToKeyVaultDenied' },
    ]);
  });

  it('are uses that people have to look after, pinned ones drift', async () => {
    const look = await settingsOf(
      setting('NEWEST', { vaultName: 'contoso', secretName: 'shop' }),
      setting('PINNED', { vaultName: 'contoso', secretName: 'shop', secretVersion: VERSION }),
    );
    const [shop] = joinUses(estate([]), look, []);
    expect(shop?.uses.map(({ detail, state, version }) => [detail, state, version])).toEqual([
      ['app setting NEWEST', 'guided', undefined],
      ['app setting PINNED', 'pinned', VERSION],
    ]);
  });

  it('are no uses of certificates that the estate file does not have: they may be of any secret', async () => {
    const joined = joinUses(estate([]), await settingsOf(setting('X', { vaultName: 'contoso', secretName: 'pw' })), []);
    expect(joined.map(({ name }) => name)).toEqual(['shop']);
  });
});

describe('the sites that are asked', () => {
  const others = ['22222222-2222-2222-2222-222222222222', '33333333-3333-3333-3333-333333333333'];
  const named = (index: number, subscription = SUBSCRIPTION) => ({
    ...(site as (typeof resources)[number]),
    id: `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.Web/sites/s${String(index).padStart(4, '0')}`,
  });

  /** A look that notes which sites are asked, and what each answers. */
  async function asked(
    sites: readonly (typeof resources)[number][],
    failure: (id: string) => Error | undefined,
    seconds = 0,
  ) {
    const calls: string[] = [];
    const clock = new ManualClock(new Date(0));
    const subscriptions = [SUBSCRIPTION, ...others];
    const { problems, whole } = await lookForUses(subscriptions, {
      ...{ ...dependenciesOf(() => sites, {}, subscriptions), clock },
      arm: {
        async *list(id) {
          calls.push(id);
          clock.advance(seconds * 1000);
          const error = failure(id);
          if (error !== undefined) throw error;
        },
      },
    });
    return { calls, problems, whole };
  }

  it('have an identity', async () => {
    const none = [undefined, { type: 'None' }].map((identity, at) => ({ ...named(at), identity }));
    const assigned = { type: 'UserAssigned', userAssignedIdentities: { '/x': { principalId: APP } } };
    const { calls } = await asked([...none, { ...named(7), identity: assigned }], () => undefined);
    expect(calls).toEqual([`${named(7).id}/config/configreferences/appsettings`]);
  });

  it('are a thousand at most, and it is told how many are not asked', async () => {
    const sites = Array.from({ length: 1003 }, (_, at) => named(at));
    const { calls, problems, whole } = await asked(sites, () => undefined);
    expect(calls).toHaveLength(1000);
    expect(problems).toEqual([{ kind: 'app-settings', code: 'unreadable', problem: '3 of them were not asked for' }]);
    expect(whole).not.toContain('app-settings');
  });

  it('are those that answer within five minutes, and it is told how many are not asked', async () => {
    const { calls, problems } = await asked(
      [1, 2, 3, 4, 5].map((at) => named(at)),
      () => undefined,
      100,
    );
    expect(calls).toHaveLength(3);
    expect(problems).toMatchObject([{ problem: '2 of them were not asked for' }]);
  });

  it('of a subscription that refuses are let be, those of others are not', async () => {
    const [other = ''] = others;
    const sites = [named(1), named(2), named(3, other), named(4, other)];
    const { calls, problems } = await asked(sites, (id) =>
      id.includes(SUBSCRIPTION)
        ? new RenewalError('arm-forbidden', 'arm: GET x failed: 403 AuthorizationFailed: no')
        : undefined,
    );
    expect(calls).toHaveLength(3);
    expect(problems).toMatchObject([{ kind: 'app-settings', code: 'arm-forbidden' }]);
  });

  it('may be gone by now', async () => {
    const gone = new RenewalError('arm-refused', 'arm: GET x failed: 404 ResourceNotFound: it is not there');
    const { calls, problems, whole } = await asked([named(1), named(2)], () => gone);
    expect(calls).toHaveLength(2);
    expect(problems).toEqual([]);
    expect(whole).toContain('app-settings');
  });
});
