import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rolesOfTheApp } from '../../docs/infra-tables.ts';
import { ARM_AUDIENCE } from '../../local/arm/arm.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import type { Stand } from '../../local/stand/stand.ts';
import { createArm } from '../../src/azure/arm.ts';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

/** The roles that Bicep defines, as it reads them. */
const roles = new Map(rolesOfTheApp().map((role) => [role.name, [...role.actions, ...role.dataActions]]));
const actionsOf = (name: string): readonly string[] => roles.get(name) ?? [];

/** What no story of the stand leads to: certificate resources that name their plan, and slots. */
const untried = [
  'Microsoft.Web/serverfarms/join/action',
  'Microsoft.Web/sites/slots/read',
  'Microsoft.Web/sites/slots/hostNameBindings/read',
  'Microsoft.Web/sites/slots/hostNameBindings/write',
];

/** Takes the app's rights of the stand away, and gives it the roles of infra/roles in their place. */
function giveDeployedRoles({ cloud, estate }: Stand): void {
  const { identity, principals } = cloud;
  const { renewer, deployer } = principals;
  for (const { id } of [renewer, deployer]) identity.revoke(id);
  for (const name of estate.vaultNames) {
    identity.assign(renewer.id, { scope: cloud.vault(name).resourceId, actions: actionsOf('certificate-renewer') });
  }
  const caVault = cloud.vault(estate.caVaultName).resourceId;
  identity.assign(renewer.id, { scope: caVault, actions: actionsOf('ca-signer') });
  identity.assign(deployer.id, { scope: cloud.group, actions: actionsOf('app-service-deployer') });
}

let bench: StandBench;
beforeAll(async () => {
  bench = await openStandBench({
    seed: 21,
    scenarios: stories('near-expiry', 'stale-pending', 'imported', 'slow-site'),
    events: false,
    prepare: giveDeployedRoles,
    // One of them takes a role away for a while.
    faults: 'off',
  });
});
afterAll(() => bench.close());

/** Somebody with the right to do so takes the certificate off a site. */
async function unbind(seeded: Seeded): Promise<void> {
  const { identity, principals, urls, caFile, group } = bench.stand.cloud;
  const { operator } = principals;
  identity.assign(operator.id, { scope: group, actions: ['Microsoft.Web/sites/hostNameBindings/write'] });
  const token = identity.issueToken(operator, ARM_AUDIENCE);
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const arm = createArm({ endpoint: urls.arm ?? '', credential, tls: { ca: await readFile(caFile, 'utf8') } });
  const { resourceId, hostName } = bench.stand.siteOf(seeded, 0);
  await arm.put(`${resourceId}/hostNameBindings/${hostName}`, { properties: { sslState: 'Disabled' } });
}

/** The actions that were asked of an identity of the app, with whether it had them. */
function asked(name: 'renewer' | 'deployer') {
  return bench.stand.cloud.identity.demands.filter(({ principal }) => principal === name);
}

describe('the app under the roles that Bicep gives it', () => {
  it.each(['near-expiry', 'stale-pending', 'slow-site'] as const)('renews (%s)', async (key) => {
    const id = await bench.renew(bench.seeded(key));
    expect(await bench.ended(id)).toMatchObject({ outcome: 'renewed', outcomeReason: 'served' });
  });

  it('binds a host name that was unbound', async () => {
    const seeded = bench.seeded('imported');
    await unbind(seeded);
    const id = await bench.renew(seeded);
    expect(await bench.ended(id)).toMatchObject({ outcome: 'renewed', verified: '1/1' });
  });

  it('is refused nothing', () => {
    expect([...asked('renewer'), ...asked('deployer')].filter(({ granted }) => !granted)).toEqual([]);
  });

  it('uses every action that a vault of the estate, the CA and App Service give it', () => {
    const caVault = bench.stand.cloud.vault(bench.stand.estate.caVaultName).resourceId.toLowerCase();
    const atCa = asked('renewer').filter(({ scope }) => scope.startsWith(caVault));
    const atVaults = asked('renewer').filter(({ scope }) => !scope.startsWith(caVault));
    const actions = (demands: readonly { action: string }[]) =>
      [...new Set(demands.map(({ action }) => action))].sort();
    expect(actions(atCa)).toEqual([...actionsOf('ca-signer')].sort());
    expect(actions(atVaults)).toEqual([...actionsOf('certificate-renewer')].sort());
    const tried = actionsOf('app-service-deployer').filter((action) => !untried.includes(action));
    expect(actions(asked('deployer'))).toEqual([...tried].sort());
  });
});
