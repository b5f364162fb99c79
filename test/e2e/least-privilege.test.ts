import { readFile } from 'node:fs/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { rolesOfTheApp } from '../../docs/infra-tables.ts';
import { ARM_AUDIENCE } from '../../local/arm/arm.ts';
import { fleetStory } from '../../local/stand/fleet/story.ts';
import type { Role } from '../../local/stand/roles.ts';
import type { Scenario, Seeded } from '../../local/stand/scenarios.ts';
import type { Stand } from '../../local/stand/stand.ts';
import { createArm } from '../../src/azure/arm.ts';
import { type Agreement, disagreements } from './agreement.ts';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

/** What these stories need none of: contract tests hold these against their calls. */
const ofOtherKinds = ['scale-set-model-deployer', 'usage-reader'];

/** The role files that Bicep defines, as they are now: the stand gives the app those, and nothing else. */
const roles: readonly Role[] = rolesOfTheApp().filter(({ name }) => !ofOtherKinds.includes(name));

const atPlaces = ['on-machine', 'on-scale-set', 'on-gateway', 'on-cluster', 'behind-webhook'] as const;

/**
 * Stories that end as they always do, one at each kind of place and one from each kind of issuer that is asked with
 * credentials; one whose site is unbound, and one that is unbound at a slot; pods in a cluster that the app does not reach.
 */
const scenarios: readonly Scenario[] = [
  ...stories('near-expiry', 'stale-pending', 'imported', 'by-acme', 'by-step-ca', ...atPlaces),
  ...stories('by-cfssl').map(({ issuer: _internal, ...story }) => ({
    ...story,
    ...{ sites: [], places: [{ kind: 'kubernetes', access: 'run-command' } as const] },
  })),
  // Nothing listens there: what its machine reports is read.
  fleetStory(1),
  ...stories('by-hand').map((story) => ({
    ...story,
    sites: [{ environment: 'ase-v3', lagSeconds: 0, slot: 'staging' } as const],
  })),
];

/** As in Azure: the estate file is a blob that the app reads with its identity. */
async function uploadEstate({ connectionString, estateFile, settings }: Stand): Promise<void> {
  const blobs = BlobServiceClient.fromConnectionString(connectionString);
  const container = blobs.getContainerClient('config');
  await Promise.all([container.create(), blobs.getContainerClient('crl').create()]);
  const estate = parse(await readFile(estateFile, 'utf8')) as { issuers: Record<string, { kind: string }> };
  const crl = { container: `${settings.PERENNIAL_BLOB_ENDPOINT}/crl`, publicUrl: 'http://crl.contoso.example' };
  for (const [name, issuer] of Object.entries(estate.issuers)) {
    if (issuer.kind === 'vault-ca') estate.issuers[name] = { ...issuer, ...{ crl } };
  }
  const text = JSON.stringify(estate);
  await container.getBlockBlobClient('estate.yaml').upload(text, Buffer.byteLength(text));
}

const estateByIdentity = ({ settings }: Stand) => ({
  PERENNIAL_ESTATE: `${settings.PERENNIAL_BLOB_ENDPOINT}/config/estate.yaml`,
  // The role that it takes is about kinds of places that these stories do not have.
  PERENNIAL_USES_HOURS: '0',
});

let bench: StandBench;
beforeAll(async () => {
  bench = await openStandBench({
    ...{ seed: 21, scenarios, roles, events: false },
    ...{ prepare: uploadEstate, settings: estateByIdentity },
    // One of them takes a role away for a while.
    faults: 'off',
  });
});
afterAll(() => bench.close());

/** Somebody with the right to do so takes the certificate off a site or slot. */
async function unbind(seeded: Seeded): Promise<void> {
  const { identity, principals, urls, caFile, group } = bench.stand.cloud;
  const { operator } = principals;
  const actions = ['sites/hostNameBindings/write', 'sites/slots/hostNameBindings/write'];
  identity.assign(operator.id, { scope: group, actions: actions.map((action) => `Microsoft.Web/${action}`) });
  const token = identity.issueToken(operator, ARM_AUDIENCE);
  const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
  const arm = createArm({ endpoint: urls.arm ?? '', credential, tls: { ca: await readFile(caFile, 'utf8') } });
  const { resourceId, hostName } = bench.stand.siteOf(seeded, 0);
  await arm.put(`${resourceId}/hostNameBindings/${hostName}`, { properties: { sslState: 'Disabled' } });
}

const without = (name: string, action: string): readonly Role[] =>
  roles.map((role) => {
    const kept = (actions: readonly string[]) => actions.filter((one) => role.name !== name || one !== action);
    return { ...role, actions: kept(role.actions), dataActions: kept(role.dataActions) };
  });

describe('the app under the roles that Bicep gives it', () => {
  it.each(['near-expiry', 'stale-pending', 'by-acme', 'by-step-ca', ...atPlaces, 'by-cfssl', 'fleet'] as const)(
    'renews (%s)',
    async (key) => {
      const id = await bench.renew(bench.seeded(key));
      expect(await bench.ended(id)).toMatchObject({ outcome: 'renewed', outcomeReason: 'served' });
    },
  );

  it.each(['imported', 'by-hand'] as const)('binds a host name that was unbound (%s)', async (key) => {
    const seeded = bench.seeded(key);
    await unbind(seeded);
    const id = await bench.renew(seeded);
    expect(await bench.ended(id)).toMatchObject({ outcome: 'renewed', verified: '1/1' });
  });

  it('looks at the event paths, and tells who read a certificate', async () => {
    const { url, keys } = bench.host;
    await bench.app.runNow('checkEventPaths');
    await bench.until(async () =>
      bench.log.some(({ message }) => message.includes('"event paths checked"')) ? true : undefined,
    );
    expect(bench.log.filter(({ message }) => message.includes('"state":"failed"'))).toEqual([]);
    const { vaultName, name } = bench.seeded('near-expiry');
    const path = `${url}/api/certificates/${vaultName}/${name}/readers`;
    expect((await fetch(path, { headers: { 'x-functions-key': keys.function } })).status).toBe(200);
  });

  it('publishes the CRL of the CA', async () => {
    const published = () => bench.log.filter(({ message }) => message.includes('"CRL published"')).length;
    const crls = BlobServiceClient.fromConnectionString(bench.stand.connectionString).getContainerClient('crl');
    for (const times of [1, 2]) {
      await bench.app.runNow('publishCrls');
      await bench.until(async () => (published() === times ? true : undefined));
      // What is no CRL of this CA is overwritten.
      for await (const { name } of crls.listBlobsFlat()) await crls.getBlockBlobClient(name).upload('junk', 4);
    }
    expect(bench.log.filter(({ message }) => message.includes('"CRL failed"'))).toEqual([]);
  });

  it('is refused nothing', () => {
    const { demands } = bench.stand.cloud.identity;
    expect(demands.filter(({ granted, principal }) => !granted && principal !== 'operator')).toEqual([]);
  });
});

describe('what was asked for and the role files', () => {
  const agreement = (): Agreement => {
    const { identity, where } = bench.stand.cloud;
    return { roles, where, demands: identity.demands };
  };

  it('are the same, at every place, both ways', () => {
    expect(disagreements(agreement())).toEqual([]);
  });

  const given = roles.flatMap(({ name, actions, dataActions }) =>
    [...actions, ...dataActions].map((action) => [name, action] as const),
  );
  it.each(given)('differ when a copy of %s lacks %s', (name, action) => {
    const found = disagreements({ ...agreement(), roles: without(name, action) });
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((line) => !line.startsWith('no role gives ') || !line.includes(` ${action} at `))).toEqual([]);
  });

  it.each([
    ['certificate-renewer', 'Microsoft.KeyVault/vaults/secrets/getSecret/action'],
    ['estate-keeper', 'Microsoft.Storage/storageAccounts/tableServices/tables/entities/delete'],
  ])('differ when %s has %s too many', (name, action) => {
    const more = roles.map((role) =>
      role.name === name ? { ...role, dataActions: [...role.dataActions, action] } : role,
    );
    expect(disagreements({ ...agreement(), roles: more })).toEqual([`nothing asked for ${action} of ${name}`]);
  });

  it('differ when a role is asked for elsewhere than at its place', () => {
    const where = { ...agreement().where, caVault: '/elsewhere' };
    const found = disagreements({ ...agreement(), where });
    expect(found).toContain('nothing asked for Microsoft.KeyVault/vaults/keys/sign/action of ca-signer');
    expect(
      found.some((line) => line.startsWith('no role gives renewer Microsoft.KeyVault/vaults/keys/sign/action')),
    ).toBe(true);
  });
});

describe('the stand', () => {
  it('breaks as Azure would when a role lacks an action', async () => {
    const create = 'Microsoft.KeyVault/vaults/certificates/create/action';
    const other = await openStandBench({
      ...{ seed: 22, scenarios: stories('near-expiry'), events: false, faults: 'off' },
      roles: without('certificate-renewer', create),
    });
    try {
      const id = await other.renew(other.seeded('near-expiry'));
      expect(await other.ended(id)).toMatchObject({ outcome: 'needs-person', outcomeReason: 'vault-forbidden' });
    } finally {
      await other.close();
    }
  });
});
