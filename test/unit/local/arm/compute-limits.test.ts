import { describe, expect, it } from 'vitest';
import { computeTolls } from '../../../../local/arm/compute-limits.ts';

const compute = '/subscriptions/S-1/resourceGroups/rg/providers/Microsoft.Compute';
const vm = `${compute}/virtualMachines/Vm-1`;
const set = `${compute}/virtualMachineScaleSets/set`;

describe('the limits of Compute', () => {
  it.each([
    ['PUT', `${vm}/runCommands/renew`, 'UpdateVM', vm],
    ['DELETE', `${vm}/runCommands/renew`, 'UpdateVM', vm],
    ['PUT', `${vm}/extensions/kv`, 'UpdateVM', vm],
    ['POST', `${vm}/runCommand`, 'UpdateVM', vm],
    ['PATCH', vm, 'UpdateVM', vm],
    ['PUT', vm, 'PutVM', vm],
    ['DELETE', vm, 'DeleteVM', vm],
    ['POST', `${vm}/deallocate`, 'DeleteVM', vm],
    ['GET', vm, 'LowCostGet', vm],
    ['GET', `${vm}/instanceView`, 'LowCostGet', vm],
    ['GET', `${vm}/runCommands/renew`, 'LowCostGet', vm],
    ['PATCH', set, 'UpdateVMScaleSet', set],
    ['GET', `${set}/rollingUpgrades/latest`, 'GetVMScaleSet', set],
    ['GET', `${set}/instanceView`, 'HighCostGetVMScaleSet', set],
    ['PUT', `${set}/virtualMachines/3/runCommands/renew`, 'UpdateVMScaleSetVM', `${set}/virtualMachines/3`],
    ['GET', `${set}/virtualMachines/3/runCommands/renew`, 'GetVMScaleSetVM', `${set}/virtualMachines/3`],
  ])('of %s %s are those of %s', (method, path, policy, resource) => {
    expect(computeTolls(method, path).map(({ policy: name, key }) => [name, key])).toEqual([
      [`${policy}Resource`, resource.toLowerCase()],
      [`${policy}SubscriptionMaximum`, 's-1'],
    ]);
  });

  it('count a list for the subscription alone', () => {
    const listed = computeTolls('GET', `${compute}/virtualMachines`);
    expect(listed.map(({ policy }) => policy)).toEqual(['HighCostGetSubscriptionMaximum']);
  });

  it('count the looks at one operation', () => {
    const id = '/subscriptions/s-1/providers/Microsoft.Compute/locations/westeurope/operations/42';
    expect(computeTolls('GET', id).map(({ policy }) => policy)).toEqual([
      'GetOperationResource',
      'GetOperationSubscriptionMaximum',
    ]);
  });

  it('are a dozen updates of a machine at once, then one in fifteen seconds', () => {
    const [ofMachine] = computeTolls('PUT', `${vm}/runCommands/renew`);
    expect(ofMachine?.bucket).toEqual({ burst: 12, perSecond: 4 / 60 });
  });

  it('are none of other providers’', () => {
    expect(computeTolls('PUT', '/subscriptions/s-1/resourceGroups/rg/providers/Microsoft.Web/sites/a')).toEqual([]);
  });
});
