import { describe, expect, it } from 'vitest';
import type { Arm } from '../../../src/azure/arm.ts';
import type { ScaleSetTarget } from '../../../src/plan/targets/scale-set.ts';
import { membersOf } from '../../../src/targets/scale-set-resource.ts';

const scaleSet =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/shop/providers/Microsoft.Compute/virtualMachineScaleSets/web';
const target: ScaleSetTarget = {
  ...{ kind: 'scale-set', id: 'scale-set:web', scaleSet, location: 'westeurope' },
  ...{ os: 'linux', path: '/etc/web.pem', service: 'nginx', waitSeconds: 120 },
};

const listing = (members: readonly unknown[]): Arm => {
  const unused = () => Promise.reject(new TypeError('nothing but the list is asked for'));
  return {
    ...{ get: unused, put: unused, patch: unused, post: unused, remove: unused, operation: unused },
    async *list() {
      yield* members;
    },
  };
};
const numbered = (count: number) =>
  Array.from({ length: count }, (_, instanceId) => ({ instanceId: String(instanceId) }));
const of = (members: readonly unknown[], orchestrationMode = 'Uniform') =>
  membersOf(listing(members), target, { properties: { orchestrationMode } });

describe('the instances of a scale set', () => {
  it('are as many as Azure has in a uniform set, and not more', async () => {
    expect(await of(numbered(1000))).toMatchObject({ members: { length: 1000 } });
    expect(await of(numbered(1001))).toEqual({ problem: 'the scale set has more than 1000 instances' });
  });

  it('come in the same order, whatever the order of the list is', async () => {
    const ids = (found: Awaited<ReturnType<typeof of>>) =>
      'members' in found && found.members.map(({ instanceId }) => instanceId);
    expect(ids(await of(numbered(30).toReversed()))).toEqual(ids(await of(numbered(30))));
  });

  it('say whether they have the model, where they say anything', async () => {
    const properties = { latestModelApplied: false, provisioningState: 'Failed' };
    const found = await of([{ instanceId: '1', properties }, { instanceId: '2' }]);
    expect(found).toMatchObject({
      members: [
        { machine: `${scaleSet}/virtualMachines/1`, hasLatestModel: false, hasFailed: true },
        { hasLatestModel: true, hasFailed: false },
      ],
    });
  });

  it('are machines beside a flexible set', async () => {
    const group = scaleSet.slice(0, scaleSet.indexOf('/virtualMachineScaleSets'));
    const found = await of([{ instanceId: 'web_a1b2c3d4' }], 'Flexible');
    expect(found).toMatchObject({ members: [{ machine: `${group}/virtualMachines/web_a1b2c3d4` }] });
  });

  it.each([[{ instanceId: '../0' }], [{ instanceId: '' }], [{}]])('are not guessed at: %j', async (member) => {
    await expect(of([member])).rejects.toMatchObject({ code: 'arm-unreachable' });
  });
});
