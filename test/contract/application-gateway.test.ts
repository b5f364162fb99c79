import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import role from '../../infra/roles/gateway-deployer.json' with { type: 'json' };
import { gatewayShape } from '../../local/arm/network/gateway-body.ts';
import { readBundle } from '../../local/arm/pfx.ts';
import { ManualClock } from '../../local/clock.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { HOST, START } from '../unit/local/arm/bench.ts';
import {
  GATEWAY,
  type GatewayWish,
  makeGatewaySecrets,
  openGateway,
  SECRET,
  type Secrets,
  versionOf,
} from './application-gateway-bench.ts';

const DAY_SECONDS = 86_400;
const LATER = 'shop-later-renewal';

let secrets: Secrets;
beforeAll(async () => {
  secrets = await makeGatewaySecrets();
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stand(wish: GatewayWish = {}) {
  const open = await openGateway(secrets, wish);
  ends.push(open.close);
  const look = (version = renewed()) => open.adapter.probe(open.target, { purpose: 'verify', version });
  const deploy = (version = renewed()) => open.adapter.deploy(open.target, version);
  const resource = () => {
    const found = open.gateways.gateway(GATEWAY);
    if (found === undefined) throw new TypeError('the gateway is gone');
    return gatewayShape(found) as { etag: string; tags: Record<string, string>; properties: Record<string, unknown> };
  };
  return { ...open, look, deploy, resource, rollBack: () => open.adapter.rollBack(open.target, old()) };
}

const old = () => versionOf(secrets.old);
const renewed = (renewalId?: string) => versionOf(secrets.renewed, renewalId);

/** A gateway without what every write changes: its etags and states, and our own tags. */
function bare(value: unknown): unknown {
  const text = JSON.stringify(value, (key, member: unknown) =>
    ['etag', 'provisioningState', 'perennial-renewal'].includes(key) ? undefined : member,
  );
  return JSON.parse(text) as unknown;
}

/** What every kind of target does is in `application-gateway-suite.test.ts`. */
describe('the Application Gateway target', () => {
  it('leaves everything else of the gateway as it is', async () => {
    const sslCertificates = [{ name: 'shop', keyVaultSecretId: SECRET }, { name: 'uploaded' }];
    const { deploy, resource, pass } = await stand({ seed: { sslCertificates } });
    const before = resource();
    await deploy();
    await pass(600);
    expect(bare(resource())).toEqual(bare(before));
    expect(resource().tags).toEqual({ team: 'net', 'perennial-renewal': 'shop-renewal' });
  });

  it('is pending while the gateway is being updated, and served afterwards', async () => {
    const { deploy, look, pass } = await stand();
    expect(await deploy()).toMatchObject({ state: 'deployed', lookAfterSeconds: 60 });
    expect(await look()).toMatchObject({ state: 'pending' });
    await pass(150);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
  });

  it('is not believed when Azure says that the write went well, and nothing was read', async () => {
    const { deploy, look, pass } = await stand({ faults: ['gateway.no-read'] });
    await deploy();
    await pass(600);
    expect(await look()).toMatchObject({ state: 'served', sha256: old().sha256 });
  });

  it('fails for good when the write fails in Azure', async () => {
    const { deploy, look, pass } = await stand({ faults: ['gateway.put-fails'] });
    await deploy();
    await pass(150);
    expect(await look()).toEqual({
      state: 'failed',
      at: expect.any(String),
      reason: expect.stringContaining('activity log'),
    });
  });

  it.each(['gateway.put-fails', 'gateway.no-read'] as const)(
    'is written again for the same renewal when its write came to nothing: %s',
    async (fault) => {
      const { deploy, look, pass, arm, resource, faults } = await stand({ faults: [fault] });
      await deploy();
      expect(await deploy()).toMatchObject({ state: 'deployed', lookAfterSeconds: 60 });
      expect(arm.counts.writes).toBe(1);
      await pass(600);
      faults.delete(fault);
      expect(await deploy()).toMatchObject({ state: 'deployed', lookAfterSeconds: 60 });
      expect(await deploy()).toMatchObject({ state: 'deployed', lookAfterSeconds: 60 });
      expect(arm.counts.writes).toBe(2);
      expect(resource().tags).toMatchObject({ 'perennial-renewal': 'shop-renewal/2' });
      await pass(150);
      expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
      expect(await deploy()).toMatchObject({ state: 'deployed' });
      expect(arm.counts.writes).toBe(2);
    },
  );

  it('waits while somebody else writes the gateway, whose write comes to its end', async () => {
    const { deploy, gateways, resource, pass, look } = await stand();
    await gateways.put(GATEWAY, { ...resource(), tags: { team: 'other' } });
    await expect(deploy()).rejects.toMatchObject({ code: 'arm-throttled', retryAfterSeconds: 60 });
    await pass(150);
    expect(resource()).toMatchObject({ tags: { team: 'other' }, properties: { provisioningState: 'Succeeded' } });
    // It has read the vault with that, so that there is nothing left to be written.
    expect(await deploy()).toMatchObject({ state: 'deployed', detail: expect.stringContaining('by itself') });
    expect(await look()).toMatchObject({ sha256: renewed().sha256 });
  });

  it('loses no change that somebody makes between its read and its write', async () => {
    const { arm, target, clock, gateways, resource } = await stand();
    const sly = {
      ...arm.arm,
      async get(id: string) {
        const body = await arm.arm.get(id);
        await gateways.put(GATEWAY, { ...resource(), tags: { team: 'other' } });
        return body;
      },
    };
    const adapter = createTarget('application-gateway', { arm: sly, clock });
    await expect(adapter.deploy(target, renewed())).rejects.toMatchObject({ code: 'arm-conflict' });
    expect(resource().tags).toEqual({ team: 'other' });
  });

  it('writes nothing where the gateway has read the vault by itself', async () => {
    const { deploy, pass, arm } = await stand();
    await pass(4.1 * 3600);
    expect(await deploy()).toMatchObject({ state: 'deployed', detail: expect.stringContaining('by itself') });
    expect(arm.counts.writes).toBe(0);
  });

  it('is unreachable, and never served, at an address that may not be connected to', async () => {
    const { arm, target } = await stand();
    const clock = new ManualClock(START);
    const adapter = createTarget('application-gateway', { arm: arm.arm, clock, mayConnect: () => false });
    const seen = await adapter.probe(target, { purpose: 'verify', version: renewed() });
    const reason = expect.stringContaining('no public address');
    expect(seen).toMatchObject({ state: 'unreachable', reason, isForbidden: true });
  });

  it('needs every right of its role, and no other', async () => {
    const { deploy, rollBack, arm, pass } = await stand();
    await deploy();
    await pass(150);
    await rollBack();
    expect(arm.identity.demands.filter(({ granted }) => !granted)).toEqual([]);
    expect([...new Set(arm.identity.demands.map(({ action }) => action))].sort()).toEqual([...role.actions].sort());
    expect([...new Set(role.operations.map(({ needs }) => needs))].sort()).toEqual([...role.actions].sort());
  });
});

describe('an Application Gateway is refused', () => {
  const shop = { name: 'shop', keyVaultSecretId: SECRET };
  it.each([
    ['without such a certificate', { sslCertificates: [] }, 'has no SSL certificate shop'],
    ['with several of that name', { sslCertificates: [shop, { ...shop, name: 'SHOP' }] }, 'several SSL certificates'],
    ['whose certificate was uploaded', { sslCertificates: [{ name: 'shop' }] }, 'was uploaded'],
    ['without a listener for it', { listeners: {} }, 'no listener'],
    ['that is stopped', { operationalState: 'Stopped' as const }, 'is stopped'],
  ])('%s', async (_, seed, reason) => {
    const { deploy, rollBack, arm } = await stand({ seed });
    expect(await deploy()).toEqual({ state: 'refused', reason: expect.stringContaining(reason) });
    expect(await rollBack()).toEqual({ state: 'impossible', reason: expect.stringContaining(reason) });
    expect(arm.counts.writes).toBe(0);
  });

  it.each([
    ['another vault', { vault: 'https://kv-two.vault.azure.net' }],
    ['another certificate', { name: 'other' }],
  ])('whose certificate refers to %s', async (_, other) => {
    const { deploy } = await stand();
    const reason = expect.stringContaining(`shop refers to ${SECRET}`);
    expect(await deploy({ ...renewed(), ...other })).toEqual({ state: 'refused', reason });
  });

  it('whose certificate somebody else has pinned', async () => {
    const { gateways, resource, pass, deploy, rollBack, arm } = await stand();
    const written = resource();
    const pinned = { keyVaultSecretId: `${SECRET}/${renewed().version}` };
    const sslCertificates = [{ name: 'shop', properties: pinned }];
    await gateways.put(GATEWAY, { ...written, properties: { ...written.properties, sslCertificates } });
    await pass(150);
    const reason = expect.stringMatching(/pinned to version [0-9a-f]{32} by somebody else: take the version off/);
    expect(await deploy()).toEqual({ state: 'refused', reason });
    expect(await rollBack()).toEqual({ state: 'impossible', reason });
    expect(arm.counts.writes).toBe(0);
  });

  it.each([
    ['may not read the vault', 'forbidden', 'Key Vault Secrets User'],
    ['does not find the secret', 'secret-unknown', 'was not found'],
  ] as const)('whose identity %s', async (_, state, words) => {
    const { vault, deploy, look } = await stand();
    vault.refuses = state;
    expect(await deploy()).toEqual({ state: 'refused', reason: expect.stringContaining(words) });
    expect(await look()).toMatchObject({ state: 'served', sha256: old().sha256 });
  });
});

describe('rolling an Application Gateway back', () => {
  it('pins the old version until the next deployment takes the pin away', async () => {
    const { deploy, rollBack, look, pass, resource } = await stand();
    await deploy();
    await pass(150);
    expect(await rollBack()).toMatchObject({
      state: 'rolled-back',
      detail: expect.stringContaining('until it is deployed'),
    });
    await pass(3 * DAY_SECONDS);
    expect(await look(old())).toMatchObject({ state: 'served', sha256: old().sha256 });
    expect(resource().tags).toMatchObject({ 'perennial-pinned-shop': 'shop-renewal' });
    expect(await deploy(renewed(LATER))).toMatchObject({
      state: 'deployed',
      detail: expect.stringContaining('no longer'),
    });
    await pass(150);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
    expect(resource().tags).toEqual({ team: 'net', 'perennial-renewal': LATER });
    expect(JSON.stringify(resource())).toContain(`"keyVaultSecretId":"${SECRET}"`);
  });

  it('pins also what has not changed yet, for it would by itself', async () => {
    const { rollBack, look, pass } = await stand();
    expect(await rollBack()).toMatchObject({ state: 'rolled-back' });
    await pass(DAY_SECONDS);
    expect(await look(old())).toMatchObject({ state: 'served', sha256: old().sha256 });
  });

  it('waits while the gateway is still being updated', async () => {
    const { deploy, rollBack } = await stand();
    await deploy();
    await expect(rollBack()).rejects.toMatchObject({ code: 'arm-throttled', retryAfterSeconds: 60 });
  });

  it('is impossible when the gateway may not read the old version any more', async () => {
    const { deploy, rollBack, pass, vault } = await stand();
    await deploy();
    await pass(150);
    vault.refuses = 'secret-unknown';
    expect(await rollBack()).toMatchObject({ state: 'impossible', reason: expect.stringContaining('was not found') });
  });
});

describe('the Application Gateway of the stand', () => {
  it('keeps what was uploaded, and serves it', async () => {
    const sslCertificates = [{ name: 'shop', keyVaultSecretId: SECRET }, { name: 'Uploaded' }];
    const listeners = { [HOST]: 'Uploaded' };
    const { gateways, look, pass } = await stand({ seed: { sslCertificates, listeners } });
    const { secret } = secrets.old;
    const bundle = secret.state === 'ok' ? readBundle(secret.value) : undefined;
    if (bundle === undefined) throw new TypeError('the old secret is no bundle');
    gateways.hold(GATEWAY, 'Uploaded', bundle);
    await pass(5 * 3600);
    expect(await look()).toMatchObject({ state: 'served', sha256: old().sha256 });
  });

  it('cancels a write when another one comes', async () => {
    const { gateways, resource, arm, clock } = await stand();
    const first = await gateways.put(GATEWAY, { ...resource(), tags: { at: '1' } });
    await gateways.put(GATEWAY, { ...resource(), tags: { at: '2' } });
    clock.advance(150_000);
    if (first.state !== 'accepted') throw new TypeError('the write was refused');
    const url = first.begun.headers['azure-asyncoperation'];
    arm.identity.assign('33333333-3333-3333-3333-333333333333', {
      ...{ actions: ['Microsoft.Network/locations/operations/read'], scope: '/' },
    });
    const status = await arm.arm.operation({ kind: 'status', url });
    expect(status).toMatchObject({ state: 'failed', reason: expect.stringContaining('CanceledAndSuperseded') });
    expect(resource().tags).toEqual({ at: '2' });
  });

  it('takes nothing by itself under the fault gateway.no-poll', async () => {
    const { look, pass } = await stand({ faults: ['gateway.no-poll'] });
    await pass(DAY_SECONDS);
    expect(await look()).toMatchObject({ state: 'served', sha256: old().sha256 });
  });
});
