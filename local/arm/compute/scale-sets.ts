import { jsonResponse } from '../../emulator.ts';
import { resourceNotFound } from '../answers.ts';
import type { ArmRequest, ArmRoute } from '../request.ts';
import type { Compute } from './compute.ts';
import type { Machine } from './types.ts';

const SET =
  '/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.compute/virtualmachinescalesets/{set}';

export interface ScaleSet {
  readonly resourceId: string;
  readonly location: string;
  readonly orchestrationMode: 'Uniform' | 'Flexible';
}

/**
 * Scale sets that were seeded, and lists of their instances, whose run commands and extensions `compute` answers for: of
 * uniform sets its machines below the set, of flexible ones those that say that they belong to it, known by their names
 * (https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-instance-ids). `perPage`: Azure
 * pages at its own will.
 */
export function scaleSetRoutes(
  compute: Compute,
  { sets, perPage = 2 }: { readonly sets: readonly ScaleSet[]; readonly perPage?: number },
): readonly ArmRoute[] {
  const found = (path: string) => sets.find(({ resourceId }) => resourceId.toLowerCase() === path.toLowerCase());
  const notFound = ({ parameters: { set = '', group = '' } }: ArmRequest) =>
    resourceNotFound('Microsoft.Compute/virtualMachineScaleSets', set, group);
  return [
    {
      method: 'GET',
      template: SET,
      action: 'Microsoft.Compute/virtualMachineScaleSets/read',
      run(request) {
        const set = found(request.path);
        if (set === undefined) return notFound(request);
        const { resourceId: id, location, orchestrationMode } = set;
        const properties = { orchestrationMode, provisioningState: 'Succeeded', upgradePolicy: { mode: 'Manual' } };
        return jsonResponse(200, { id, name: id.split('/').at(-1), location, sku: { capacity: 0 }, properties });
      },
    },
    {
      method: 'GET',
      template: `${SET}/virtualmachines`,
      action: 'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read',
      run(request) {
        const set = found(request.path.replace(/\/virtualMachines$/i, ''));
        if (set === undefined) return notFound(request);
        const all = compute.machines().filter((machine) => isOf(set, machine));
        const at = Number(request.query.get('$skiptoken') ?? 0);
        const value = all.slice(at, at + perPage).map(({ resourceId, name, location }) => ({
          ...{ id: resourceId, instanceId: name, location, name: nameIn(set, name) },
          properties: { provisioningState: 'Succeeded', latestModelApplied: true },
        }));
        if (at + perPage >= all.length) return jsonResponse(200, { value });
        const version = request.query.get('api-version') ?? '';
        const nextLink = `${request.path}?api-version=${version}&$skiptoken=${at + perPage}`;
        return jsonResponse(200, { value, nextLink });
      },
    },
  ];
}

function isOf({ resourceId, orchestrationMode }: ScaleSet, machine: Machine): boolean {
  if (orchestrationMode === 'Flexible') return machine.scaleSet?.toLowerCase() === resourceId.toLowerCase();
  return machine.resourceId.toLowerCase().startsWith(`${resourceId}/virtualMachines/`.toLowerCase());
}

function nameIn({ resourceId, orchestrationMode }: ScaleSet, instance: string): string {
  return orchestrationMode === 'Flexible' ? instance : `${resourceId.split('/').at(-1)}_${instance}`;
}
