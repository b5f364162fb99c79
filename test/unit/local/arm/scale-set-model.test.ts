import { afterEach, describe, expect, it } from 'vitest';
import { Model, type ScaleSet } from '../../../../local/arm/compute/scale-set-model.ts';
import { scaleSetRoutes } from '../../../../local/arm/compute/scale-sets.ts';
import type { ArmRequest } from '../../../../local/arm/request.ts';
import { computeBench, linuxSeed, MACHINES } from './compute-bench.ts';

const SET = MACHINES.replace(/virtualMachines$/, 'virtualMachineScaleSets/web');
const NAME = 'KeyVaultForLinux';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A set of five whose model has one extension. */
async function open(upgradeMode: ScaleSet['upgradeMode'] = 'Rolling') {
  const bench = computeBench();
  const { compute, operations } = bench;
  for (const name of ['0', '1', '2', '3', '4'])
    await compute.addMachine(linuxSeed(name, { resourceId: `${SET}/virtualMachines/${name}` }));
  const set: ScaleSet = {
    ...{ resourceId: SET, location: 'westeurope', orchestrationMode: 'Uniform', upgradeMode },
    extensions: [{ name: NAME, properties: { publisher: 'Microsoft.Azure.KeyVault', settings: { kept: true } } }],
  };
  const model = new Model(set, compute, operations);
  ends.push(
    () => compute.stop(),
    () => operations.stop(),
  );
  const routes = scaleSetRoutes(compute, { sets: [set], models: [model] });
  const call = async (ending: string, body?: unknown) => {
    const route = routes.find(({ template }) => template.endsWith(ending.toLowerCase()));
    if (route === undefined) throw new TypeError(`no route ends with ${ending}`);
    const path = `${SET}/${ending}`;
    return route.run({ path, parameters: { set: 'web' }, query: new URLSearchParams(), body } as unknown as ArmRequest);
  };
  const tag = (forceUpdateTag: string) => model.write({ name: NAME, properties: { forceUpdateTag } });
  const latest = () => model.members().filter((machine) => model.hasLatest(machine)).length;
  return { ...bench, model, call, tag, latest };
}

describe('the model of a scale set', () => {
  it('merges what is written to an extension, and brings it to a fifth of the instances at a time', async () => {
    const { model, tag, latest, pass } = await open();
    tag('one');
    expect(model.extensions[0]?.properties).toMatchObject({ forceUpdateTag: 'one', settings: { kept: true } });
    const seen: number[] = [];
    for (let batch = 0; batch < 5; batch += 1) {
      expect(model.state).toBe('Updating');
      await pass(20);
      seen.push(latest());
    }
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(model).toMatchObject({ state: 'Succeeded', rollingUpgrade: { code: 'Completed', done: 5, pending: 0 } });
  });

  it('stops at the batch that fails', async () => {
    const { model, tag, latest, pass, compute } = await open();
    compute.fault(`${SET}/virtualMachines/2`, 'no-agent');
    tag('one');
    await pass(200);
    expect(latest()).toBe(2);
    const error = { code: 'MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade' };
    expect(model).toMatchObject({ state: 'Failed', rollingUpgrade: { code: 'Faulted', done: 2, failed: 1, error } });
  });

  it('goes on by a write that preempts another, also by one that changes nothing', async () => {
    const { model, tag, latest, pass } = await open();
    tag('one');
    await pass(40);
    tag('one');
    expect(model.rollingUpgrade).toMatchObject({ code: 'RollingForward', done: 0, pending: 3 });
    await pass(60);
    expect(latest()).toBe(5);
  });

  it('ends the operation that was preempted as failed', async () => {
    const { tag, pass, send } = await open();
    const { 'azure-asyncoperation': url = '' } = tag('one');
    tag('two');
    await pass(200);
    expect((await send('GET', url)).body).toMatchObject({ status: 'Failed', error: { code: 'OperationPreempted' } });
  });

  it('is of every instance that comes later', async () => {
    const { model, tag, compute, pass } = await open('Manual');
    tag('one');
    await pass(10);
    const late = await compute.addMachine(linuxSeed('9', { resourceId: `${SET}/virtualMachines/9` }));
    expect(model.hasLatest(late)).toBe(true);
    expect(model.members().filter((machine) => !model.hasLatest(machine))).toHaveLength(5);
  });

  it('waits by hand for the instances that are named', async () => {
    const { tag, call, latest, pass } = await open('Manual');
    tag('one');
    await pass(100);
    expect(latest()).toBe(0);
    expect(await call('manualupgrade', { instanceIds: ['7'] })).toMatchObject({ status: 400 });
    expect(await call('manualupgrade', { instanceIds: ['0', '3'] })).toMatchObject({ status: 202 });
    await pass(20);
    expect(latest()).toBe(2);
    await call('manualupgrade', { instanceIds: ['*'] });
    await pass(20);
    expect(latest()).toBe(5);
  });

  it('takes no upgrade by hand beside another one, and tells of none before the first', async () => {
    const { tag, call } = await open();
    expect(await call('rollingUpgrades/latest')).toMatchObject({ status: 404 });
    tag('one');
    expect(await call('rollingUpgrades/latest')).toMatchObject({ status: 200 });
    expect(await call('manualupgrade', { instanceIds: ['*'] })).toMatchObject({ status: 409 });
  });
});
