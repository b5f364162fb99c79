import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addressRule } from '../../src/address.ts';
import type { Probe } from '../../src/targets/port.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { type KubernetesWish, openKubernetes, ROLE, SYNCED } from './kubernetes-bench.ts';

let secrets: Awaited<ReturnType<typeof makeSecrets>>;
beforeAll(async () => {
  secrets = await makeSecrets();
});

type Opened = Awaited<ReturnType<typeof openKubernetes>>;
const ends: Opened[] = [];
afterEach(async () => {
  for (const one of ends.splice(0)) await one.close();
});

async function open(wish: KubernetesWish = {}): Promise<Opened> {
  const opened = await openKubernetes(secrets, wish);
  ends.push(opened);
  return opened;
}

/** The wish of a target that is known by its report alone. */
const unseen = { endpoint: undefined };
const sha256 = (made: 'old' | 'renewed') => versionOf(secrets[made]).sha256;

async function verifiedWithin(opened: Opened, seconds: number): Promise<Probe> {
  let probe = await opened.verify();
  for (let left = seconds; left > 0 && probe.state === 'pending'; left -= 10) {
    await opened.pass(10);
    probe = await opened.verify();
  }
  return probe;
}

const alias = 'array:\n  - |\n    objectName: SHOP\n    objectType: secret\n    objectAlias: site\n';
const pinned = 'array:\n  - |\n    objectName: shop\n    objectType: secret\n    objectVersion: 0123abc\n';
const another = 'array:\n  - |\n    objectName: other\n    objectType: secret\n';

describe('the Kubernetes target', () => {
  it('goes on looking until the last old pod is gone', async () => {
    const opened = await open();
    expect(await opened.deploy()).toMatchObject({ state: 'deployed', lookAfterSeconds: 20 });
    expect(await opened.verify()).toMatchObject({
      state: 'pending',
      reason: expect.stringMatching(/not been looked at/),
    });
    await opened.pass(10);
    expect(await opened.verify()).toMatchObject({
      state: 'pending',
      reason: expect.stringMatching(/1 of 2 pods are new/),
    });
    await opened.pass(20);
    expect(await opened.verify()).toMatchObject({ state: 'served', sha256: sha256('renewed') });
  });

  it.each(['deployments', 'statefulsets', 'daemonsets'] as const)('restarts %s', async (resource) => {
    const workload = `${resource.slice(0, -1)}/shop`;
    const opened = await open({ workloads: [{ resource }], target: { workloads: [workload] } });
    expect(await opened.deploy()).toMatchObject({ state: 'deployed' });
    expect(await verifiedWithin(opened, 120)).toMatchObject({ state: 'served', sha256: sha256('renewed') });
  });

  it('reports what the driver has mounted where nobody listens', async () => {
    const opened = await open({ target: unseen, objects: alias });
    const { adapter, target, version } = opened;
    expect(await adapter.probe(target, { purpose: 'baseline', version })).toMatchObject({ state: 'pending' });
    const at = opened.clock.now().toISOString();
    await opened.deploy();
    const probe = await verifiedWithin(opened, 120);
    expect(probe).toMatchObject({ state: 'served', sha256: sha256('renewed'), seenBy: 'report', runningSince: at });
  });

  it('writes nothing where the application reads its files again', async () => {
    const application = { from: 'volume', reads: 'reload', secretProviderClass: 'shop-tls' } as const;
    const opened = await open({ workloads: [{ application }], target: { workloads: [] } });
    expect(await opened.deploy()).toMatchObject({ state: 'deployed', detail: expect.stringMatching(/by itself/) });
    expect(await opened.verify()).toMatchObject({ state: 'pending', reason: expect.stringMatching(/has mounted/) });
    await opened.pass(125);
    expect(await opened.verify()).toMatchObject({ state: 'served', sha256: sha256('renewed') });
    expect(opened.counts.patches).toBe(0);
  });

  it('sees that an application goes on with what it read at its start', async () => {
    const opened = await open({ target: { workloads: [] } });
    await opened.deploy();
    await opened.pass(125);
    expect(await opened.verify()).toMatchObject({ state: 'served', sha256: sha256('old') });
  });
});

describe('a Secret that is kept in step', () => {
  const keeper = { name: 'keeper', replicas: 1 } as const;
  const reader = {
    application: { from: 'secret', reads: 'start', secretProviderClass: 'shop-tls', secretName: 'shop-tls' },
  } as const;
  const wish = { workloads: [keeper, reader], target: { secret: 'shop-tls' }, secretObjects: [SYNCED] };

  it('is waited for before anybody restarts', async () => {
    const opened = await open(wish);
    await expect(opened.deploy()).rejects.toMatchObject({ code: 'arm-unreachable', retryAfterSeconds: 60 });
    expect(opened.counts.patches).toBe(0);
    await opened.pass(155);
    expect(await opened.deploy()).toMatchObject({ state: 'deployed' });
    expect(await verifiedWithin(opened, 120)).toMatchObject({ state: 'served', sha256: sha256('renewed') });
  });

  it('is not taken for new because those that mount the class were made anew', async () => {
    const opened = await open(wish);
    opened.cluster.controllers.evict('shop', 'keeper');
    await opened.pass(30);
    const { adapter, target, version } = opened;
    await expect(opened.deploy()).rejects.toMatchObject({ code: 'arm-unreachable' });
    const unseen = { ...target, endpoint: undefined, workloads: [] };
    expect(await adapter.probe(unseen, { purpose: 'verify', version })).toMatchObject({ state: 'pending' });
    await opened.pass(155);
    expect(await opened.deploy()).toMatchObject({ state: 'deployed' });
    expect(await verifiedWithin(opened, 120)).toMatchObject({ state: 'served', sha256: sha256('renewed') });
  });

  it('is never read', async () => {
    const opened = await open(wish);
    await opened.pass(155);
    await opened.deploy();
    await verifiedWithin(opened, 120);
    const { store, rbac } = opened.cluster;
    expect(store.get('secrets', 'shop', 'shop-tls')?.data).toHaveProperty(['tls.key']);
    expect(rbac.reviews.filter(({ resource }) => resource.name === 'secrets')).toEqual([]);
  });

  it.each([
    ['another name', [{ ...SYNCED, secretName: 'other' }], /does not sync a Secret shop-tls/],
    ['another type', [{ ...SYNCED, type: 'Opaque' }], /Opaque, not kubernetes\.io\/tls/],
    ['no key', [{ ...SYNCED, data: SYNCED.data.slice(1) }], /tls\.key of the Secret/],
  ])('is refused with %s', async (_title, secretObjects, reason) => {
    const opened = await open({ ...wish, secretObjects });
    expect(await opened.deploy()).toMatchObject({ state: 'refused', reason: expect.stringMatching(reason) });
  });
});

describe('what cannot work', () => {
  it.each([
    ['a pinned version', { objects: pinned }, /pins shop to the version 0123abc: take objectVersion out/],
    ['another certificate', { objects: another }, /does not name shop/],
    ['another vault', { vault: 'kv-two' }, /reads the vault kv-two: write keyvaultName: kv-One/],
    ['another provider', { provider: 'aws' }, /only azure reads Key Vault/],
    ['no YAML', { objects: 'array: [' }, /cannot be read as YAML/],
    ['a class that is not there', { target: { secretProviderClass: 'gone' } }, /there is no SecretProviderClass gone/],
    [
      'a workload that does not mount it',
      { target: { workloads: ['deployment/bare'] } },
      /deployment\/bare has no volume/,
    ],
    ['a paused one', { target: { workloads: ['deployment/paused'] } }, /kubectl rollout resume deployment\/paused/],
    ['one on delete', { target: { workloads: ['daemonset/slow'] } }, /OnDelete/],
    ['one with a partition', { target: { workloads: ['statefulset/half'] } }, /its partition 1/],
  ] satisfies [string, KubernetesWish, RegExp][])('is refused: %s', async (_title, wish, reason) => {
    const application = { from: 'volume', reads: 'start', secretProviderClass: 'other' } as const;
    const opened = await open({ workloads: [], ...wish });
    opened.cluster.addClass({ namespace: 'shop', name: 'other', vault: 'kv-one', objects: another });
    const base = { namespace: 'shop', replicas: 1 };
    const volume = { ...application, secretProviderClass: 'shop-tls' };
    const partition = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } };
    const onDelete = { updateStrategy: { type: 'OnDelete' } };
    const { cluster } = opened;
    await cluster.addWorkload({ ...base, resource: 'deployments', name: 'bare', application });
    await cluster.addWorkload({
      ...base,
      resource: 'deployments',
      name: 'paused',
      application: volume,
      spec: { paused: true },
    });
    await cluster.addWorkload({ ...base, resource: 'daemonsets', name: 'slow', application: volume, spec: onDelete });
    await cluster.addWorkload({
      ...base,
      resource: 'statefulsets',
      name: 'half',
      application: volume,
      spec: partition,
    });
    expect(await opened.deploy()).toMatchObject({ state: 'refused', reason: expect.stringMatching(reason) });
    expect(opened.counts.patches).toBe(0);
  });

  it.each([
    ['is stopped', { powerState: { code: 'Stopped' } }, /is stopped/],
    ['does not know Entra ID', { aadProfile: null }, /--enable-aad/],
    ['has no add-on', { addonProfiles: {} }, /enable-addons/],
    [
      'does not rotate',
      { addonProfiles: { azureKeyvaultSecretsProvider: { enabled: true } } },
      /--enable-secret-rotation/,
    ],
    ['has a kubeconfig of somebody else', { fqdn: 'aks.contoso.example' }, /not the cluster's/],
  ])('is refused: a cluster that %s', async (_title, properties, reason) => {
    const opened = await open({ properties });
    expect(await opened.deploy()).toMatchObject({ state: 'refused', reason: expect.stringMatching(reason) });
  });

  it('asks a cluster without Entra ID for no credential', async () => {
    const opened = await open({ properties: { aadProfile: null } });
    await opened.deploy();
    expect(opened.arm.identity.demands.map(({ action }) => action)).toEqual([ROLE[0]]);
  });

  it('is refused in the words of the webhook that denies it', async () => {
    const opened = await open({ faults: ['k8s.denied'] });
    expect(await opened.deploy()).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(/annotation change-ticket/),
    });
  });

  it('says what was touched when a later workload is denied', async () => {
    const opened = await open({
      workloads: [{}, { name: 'second' }],
      target: { workloads: ['deployment/shop', 'deployment/second'] },
    });
    const restarted = opened.deploy();
    opened.planted.push({ status: 200, headers: {}, body: '{}' }, { status: 422, headers: {}, body: '{}' });
    expect(await restarted).toMatchObject({ state: 'refused', touched: true });
  });

  it('fails when the new pods never get ready', async () => {
    const opened = await open({ faults: ['k8s.stuck'] });
    await opened.deploy();
    await opened.pass(300);
    expect(await opened.verify()).toMatchObject({ state: 'pending' });
    await opened.pass(320);
    expect(await opened.verify()).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/progress deadline/),
    });
  });

  it('connects to no address that the estate file does not allow', async () => {
    const opened = await open();
    const { arm, clock, credential, target, version } = opened;
    const adapter = createTarget('kubernetes', { arm: arm.arm, clock, credential, mayConnect: addressRule([]) });
    expect(await adapter.deploy(target, version)).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(/network\.allow/),
    });
    expect(opened.cluster.rbac.reviews).toEqual([]);
  });
});
