import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { linuxSeed } from '../unit/local/arm/compute-bench.ts';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { FLEXIBLE_ROLE, instanceOf, machineOf, openScaleSet, ROLE, type ScaleSetWish, SET } from './scale-set-bench.ts';

let secrets: Awaited<ReturnType<typeof makeSecrets>>;
beforeAll(async () => {
  secrets = await makeSecrets();
});

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function stand(wish: ScaleSetWish = {}) {
  const open = await openScaleSet(secrets, wish);
  ends.push(open.close);
  const { adapter, target } = open;
  return {
    ...open,
    deploy: () => adapter.deploy(target, renewed()),
    look: () => adapter.probe(target, { purpose: 'verify', version: renewed() }),
  };
}

const old = () => versionOf(secrets.old);
const renewed = () => versionOf(secrets.renewed);

/** What every kind of target does is in `scale-set-suite.test.ts`. */
describe('a scale set', () => {
  it('tells every instance, page after page, and serves when all of them report', async () => {
    const { deploy, look, pass, arm } = await stand({ instances: 5 });
    expect(await deploy()).toMatchObject({ state: 'deployed', detail: '5 instances were told to serve the version' });
    expect(arm.counts.writes).toBe(5);
    expect(await look()).toMatchObject({ state: 'pending', reason: expect.stringContaining('5 of 5 instances') });
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256, seenBy: 'report' });
  });

  it('names the instance that does not serve', async () => {
    const { deploy, look, pass, compute } = await stand();
    compute.fault(instanceOf('1'), 'script-fails');
    await deploy();
    await pass(60);
    expect(await look()).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^instance 1: /) });
  });

  it('is refused with the instance that is off, and says that others were told', async () => {
    const { deploy, compute } = await stand();
    await compute.power(instanceOf('2'), 'deallocated');
    const reason = expect.stringMatching(/^instance 2: the machine is off/);
    expect(await deploy()).toEqual({ state: 'refused', reason, touched: true });
  });

  it('waits for an instance that came after the deployment', async () => {
    const { deploy, look, pass, add } = await stand();
    await deploy();
    await add('9');
    await pass(60);
    expect(await look()).toMatchObject({ state: 'pending', reason: expect.stringContaining('instance 9') });
  });

  it('goes back to what its instances have kept', async () => {
    const { deploy, pass, adapter, target } = await stand();
    await deploy();
    await pass(60);
    expect(await adapter.rollBack(target, old())).toMatchObject({ state: 'rolled-back' });
    await pass(60);
    const seen = await adapter.probe(target, { purpose: 'roll-back', version: old() });
    expect(seen).toMatchObject({ state: 'served', sha256: old().sha256 });
  });

  it.each([['has no instance', { instances: 0 }, 'no instance']])('is refused when it %s', async (_, wish, words) => {
    const { deploy, arm, adapter, target } = await stand(wish);
    expect(await deploy()).toEqual({ state: 'refused', reason: expect.stringContaining(words) });
    expect(await adapter.rollBack(target, old())).toMatchObject({ state: 'impossible' });
    expect(arm.counts.writes).toBe(0);
  });

  it('needs every right of its role, and no other', async () => {
    const { deploy, look, arm } = await stand();
    await deploy();
    await look();
    expect(arm.identity.demands.filter(({ granted }) => !granted)).toEqual([]);
    expect([...new Set(arm.identity.demands.map(({ action }) => action))].sort()).toEqual([...ROLE].sort());
    expect(arm.identity.demands.every(({ scope }) => scope.startsWith(SET.toLowerCase()))).toBe(true);
  });
});

describe('a flexible scale set', () => {
  const flexible = { orchestrationMode: 'Flexible' as const, role: FLEXIBLE_ROLE };

  it('is told machine by machine, and no machine beside it', async () => {
    const { deploy, look, pass, arm, compute } = await stand({ ...flexible, instances: 3 });
    await compute.addMachine(linuxSeed('other', { resourceId: machineOf('other') }));
    expect(await deploy()).toMatchObject({ state: 'deployed', detail: '3 instances were told to serve the version' });
    expect(arm.counts.writes).toBe(3);
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256, seenBy: 'report' });
    expect(compute.machine(machineOf('other'))?.commands.size).toBe(0);
  });

  it('names the machine that does not serve, and goes back', async () => {
    const { deploy, look, pass, compute, adapter, target } = await stand(flexible);
    compute.fault(machineOf('web_1'), 'script-fails');
    await deploy();
    await pass(60);
    expect(await look()).toMatchObject({ state: 'failed', reason: expect.stringMatching(/^instance web_1: /) });
    expect(await adapter.rollBack(target, old())).toMatchObject({ state: 'rolled-back' });
  });

  it('needs the role of machines beside that of sets', async () => {
    const { deploy } = await stand({ ...flexible, role: ROLE });
    const words = 'the role Perennial machine deployer gives it';
    await expect(deploy()).rejects.toMatchObject({ code: 'arm-forbidden', message: expect.stringContaining(words) });
  });
});

describe('a scale set of 300 instances, within what Resource Manager gives', () => {
  it('is told in one call that waits for the bucket, and serves when all of them report', async () => {
    const { deploy, look, pass, arm } = await stand({ instances: 300 });
    expect(await deploy()).toMatchObject({ state: 'deployed', detail: '300 instances were told to serve the version' });
    expect(arm.counts.writes).toBe(300);
    const reads = arm.counts.reads;
    expect(await look()).toMatchObject({
      state: 'pending',
      reason: expect.stringMatching(/of 300 instances: instance 0: /),
    });
    // The set, two pages of its list, and the first group that waits.
    expect(arm.counts.reads - reads).toBeLessThanOrEqual(13);
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256, seenBy: 'report' });
  });

  it('goes on where it was stopped when it is deployed to again, and tells nobody twice but the last group', async () => {
    const { deploy, arm, pass, look, relent } = await stand({ instances: 300, impatient: true });
    await expect(deploy()).rejects.toMatchObject({ code: 'arm-throttled' });
    expect(arm.counts.writes).toBe(200);
    await pass(30);
    const reads = arm.counts.reads;
    expect(await deploy()).toMatchObject({ state: 'deployed' });
    expect(arm.counts.writes).toBeLessThanOrEqual(310);
    expect(arm.counts.reads - reads).toBeLessThanOrEqual(13);
    relent();
    await pass(60);
    expect(await look()).toMatchObject({ state: 'served', sha256: renewed().sha256 });
  });
});
