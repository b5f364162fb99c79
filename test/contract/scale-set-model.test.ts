import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SECRET } from '../unit/local/arm/compute-bench.ts';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { instanceOf, SET } from './scale-set-bench.ts';
import { extensionOf, type ModelWish, openModel, ROLE } from './scale-set-model-bench.ts';

let secrets: Awaited<ReturnType<typeof makeSecrets>>;
beforeAll(async () => {
  secrets = await makeSecrets();
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stand(wish: ModelWish = {}) {
  const open = await openModel(secrets, wish);
  ends.push(open.close);
  const { adapter, target } = open;
  return {
    ...open,
    deploy: (renewalId?: string) =>
      adapter.deploy(target, { ...renewed(), ...(renewalId !== undefined && { renewalId }) }),
    look: () => adapter.probe(target, { purpose: 'verify', version: renewed() }),
  };
}

const old = () => versionOf(secrets.old);
const renewed = () => versionOf(secrets.renewed);
const rolling = { upgradeMode: 'Rolling' as const };
const manual = { upgradeMode: 'Manual' as const };
const isBusy = { code: 'arm-throttled', retry: true, message: expect.stringContaining('goes on') };

/** What every kind of target does is in `scale-set-model-suite.test.ts`. */
describe('a scale set whose policy is Automatic', () => {
  it('is written once, and serves when every instance behind the endpoint does', async () => {
    const { deploy, look, pass, arm, model } = await stand();
    expect(await deploy()).toMatchObject({ state: 'deployed', lookAfterSeconds: 60 });
    expect(model.extensions[0]?.properties).toMatchObject({ forceUpdateTag: renewed().renewalId, settings: {} });
    expect(await look()).toMatchObject({ state: 'pending', reason: '0 of 3 instances have the model' });
    expect(await deploy()).toMatchObject({ state: 'deployed' });
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
    expect(await deploy()).toMatchObject({ state: 'deployed' });
    expect(arm.counts.writes).toBe(1);
  });

  it('is not believed while one of its instances serves the old version', async () => {
    const { deploy, look, pass, compute } = await stand();
    compute.fault(instanceOf('2'), 'lies');
    await deploy();
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: old().sha256 });
  });

  it('names the instance whose upgrade failed, and begins another upgrade when it is asked again', async () => {
    const { deploy, look, pass, compute, model, arm } = await stand();
    compute.fault(instanceOf('1'), 'no-agent');
    await deploy();
    await pass(60);
    expect(await look()).toMatchObject({ state: 'failed', reason: 'the upgrade failed: instance 1' });
    compute.fault(instanceOf('1'), 'no-agent', false);
    await deploy();
    expect(model.extensions[0]?.properties).toMatchObject({ forceUpdateTag: `${renewed().renewalId}+1` });
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
    expect(arm.counts.writes).toBe(2);
  });

  it('does not take one instance of the version for all of them', async () => {
    const { adapter, target, pass, compute } = await stand({ instances: 1 });
    await compute.power(instanceOf('0'), 'running');
    await pass(1);
    const seen = await adapter.probe(target, { purpose: 'baseline', version: renewed() });
    expect(seen).toMatchObject({ state: 'pending', reason: expect.stringContaining('shows no other') });
  });

  it('cannot go back, for its extension takes the newest version', async () => {
    const { adapter, target } = await stand();
    expect(await adapter.rollBack(target, old())).toMatchObject({ state: 'impossible' });
  });
});

describe('a scale set whose policy is Rolling', () => {
  it('takes the version batch by batch', async () => {
    const { deploy, look, pass, arm } = await stand({ set: rolling, instances: 5 });
    await deploy();
    await pass(30);
    expect(await look()).toMatchObject({ state: 'pending', reason: '1 of 5 instances have the model' });
    await pass(90);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
    expect(arm.counts.writes).toBe(1);
  });

  it('has failed with the batch that failed, and the rest keeps the old version', async () => {
    const { deploy, look, pass, compute, loaded } = await stand({ set: rolling, instances: 5 });
    compute.fault(instanceOf('1'), 'no-agent');
    await deploy();
    await pass(120);
    const reason = expect.stringMatching(
      /^the rolling upgrade is Faulted: 1 instances done, 1 failed, 3 left: MaxUnhealthy/,
    );
    expect(await look()).toMatchObject({ state: 'failed', reason });
    expect(loaded().filter((sha256) => sha256 === old().sha256)).toHaveLength(4);
  });

  it('is told when somebody cancelled the upgrade', async () => {
    const { deploy, look, pass, model } = await stand({ set: rolling, instances: 5 });
    await deploy();
    await pass(30);
    model.cancel();
    const reason = expect.stringMatching(/^the rolling upgrade is Cancelled: 1 instances done/);
    expect(await look()).toMatchObject({ state: 'failed', reason });
  });

  it('waits for the upgrade of somebody else, which it never preempts', async () => {
    const { deploy, look, pass, model, arm } = await stand({ set: rolling, instances: 5 });
    model.write({ name: 'KeyVaultForLinux', properties: { forceUpdateTag: 'theirs' } });
    await expect(deploy()).rejects.toMatchObject({ ...isBusy, retryAfterSeconds: 60 });
    await pass(120);
    expect(model.rollingUpgrade).toMatchObject({ code: 'Completed', done: 5 });
    expect(arm.counts.writes).toBe(0);
    expect(await deploy()).toMatchObject({ state: 'deployed' });
    await pass(120);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
  });
});

describe('a scale set whose policy is Manual', () => {
  it('has its instances upgraded when the model is written', async () => {
    const { deploy, look, pass, arm } = await stand({ set: manual });
    await expect(deploy()).rejects.toMatchObject({ code: 'arm-throttled', retryAfterSeconds: 10 });
    await expect(deploy()).rejects.toMatchObject(isBusy);
    await pass(10);
    expect(await deploy()).toMatchObject({ state: 'deployed' });
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
    expect(await deploy()).toMatchObject({ state: 'deployed' });
    expect(arm.counts.writes).toBe(2);
  });

  it('names all its instances in one call, beside which there is no other', async () => {
    const { deploy, look, pass, arm } = await stand({ set: manual, instances: 120 });
    await expect(deploy()).rejects.toMatchObject({ code: 'arm-throttled' });
    await pass(10);
    expect(await deploy()).toMatchObject({ state: 'deployed' });
    expect(arm.counts.writes).toBe(2);
    await expect(deploy()).rejects.toMatchObject(isBusy);
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
  });

  it('is refused while instances lack an earlier change, which the upgrade would bring along', async () => {
    const { deploy, pass, model, arm } = await stand({ set: manual });
    model.write({ name: 'KeyVaultForLinux', properties: { typeHandlerVersion: '3.1' } });
    await pass(10);
    const reason = expect.stringMatching(/earlier change of the model.*: instance 0; instance 1; instance 2$/);
    expect(await deploy()).toEqual({ state: 'refused', reason });
    expect(arm.counts.writes).toBe(0);
  });
});

describe('the model of a scale set', () => {
  const profile = [{ vaultCertificates: [{ certificateUrl: `${SECRET}/0123456789abcdef0123456789abcdef` }] }];
  it.each([
    [
      'follows another certificate',
      { extensions: [extensionOf(`${SECRET}-2`)] },
      /no Key Vault extension of the model/,
    ],
    [
      'has the extension of another publisher',
      { extensions: [extensionOf(SECRET, { publisher: 'X' })] },
      /no Key Vault/,
    ],
    [
      'pins one version',
      { extensions: [extensionOf(`${SECRET}/0123456789abcdef0123456789abcdef`)] },
      /pinned to one version/,
    ],
    ['has it in osProfile.secrets', { extensions: [], secrets: profile }, /osProfile\.secrets of the model/],
    [
      'is of a flexible set',
      { orchestrationMode: 'Flexible' as const },
      /flexible set is not deployed to by its model/,
    ],
  ])('is refused when it %s', async (_, set, words) => {
    const { deploy, look, arm } = await stand({ set });
    expect(await deploy()).toEqual({ state: 'refused', reason: expect.stringMatching(words) });
    expect(await look()).toMatchObject({ state: 'failed', reason: expect.stringMatching(words) });
    expect(arm.counts.writes).toBe(0);
  });

  it.each(['Rolling', 'Manual'] as const)('needs no right that its role lacks, by %s', async (upgradeMode) => {
    const { deploy, look, pass, arm } = await stand({ set: { upgradeMode } });
    await deploy().catch((error: unknown) => expect(error).toMatchObject({ code: 'arm-throttled' }));
    await pass(10);
    await deploy();
    await pass(120);
    expect(await look()).toMatchObject({ state: 'served' });
    expect(arm.identity.demands.filter(({ granted }) => !granted)).toEqual([]);
    const mine = ROLE.filter(
      (action) => !action.includes(upgradeMode === 'Manual' ? 'rollingUpgrades' : 'manualUpgrade'),
    );
    expect([...new Set(arm.identity.demands.map(({ action }) => action))].sort()).toEqual([...mine].sort());
    expect(arm.identity.demands.every(({ scope }) => scope.startsWith(SET.toLowerCase()))).toBe(true);
  });

  it('names the role of the right that is missing', async () => {
    const { deploy } = await stand({ role: ROLE.filter((action) => !action.endsWith('extensions/write')) });
    const words = 'the role Perennial scale set model deployer gives it';
    await expect(deploy()).rejects.toMatchObject({ code: 'arm-forbidden', message: expect.stringContaining(words) });
  });
});
