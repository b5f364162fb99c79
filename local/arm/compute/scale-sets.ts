import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import { armError, resourceNotFound } from '../answers.ts';
import { type ArmRequest, type ArmRoute, member } from '../request.ts';
import type { Compute } from './compute.ts';
import { isOf, type Model, type ModelExtension, type ScaleSet } from './scale-set-model.ts';
import type { Machine } from './types.ts';

const SET =
  '/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.compute/virtualmachinescalesets/{set}';
const ACTION = 'Microsoft.Compute/virtualMachineScaleSets';

export interface ScaleSets {
  readonly sets: readonly ScaleSet[];
  /** Of those sets whose model can be changed. */
  readonly models?: readonly Model[];
  /** Azure pages at its own will. */
  readonly perPage?: number;
}

/**
 * Scale sets that were seeded, their models and rolling upgrades, and lists of their instances, whose run commands and
 * extensions `compute` answers for. The instances of flexible sets are known by their machines' names
 * (https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-instance-ids).
 */
export function scaleSetRoutes(compute: Compute, { sets, models = [], perPage = 2 }: ScaleSets): readonly ArmRoute[] {
  const modelOf = (set: ScaleSet) => models.find((model) => model.set === set);
  const route = (
    method: ArmRoute['method'],
    { path, right }: { readonly path: string; readonly right: string },
    run: (set: ScaleSet, request: ArmRequest) => EmulatorResponse,
  ): ArmRoute => ({
    method,
    template: `${SET}${path}`,
    action: `${ACTION}/${right}`,
    run(request) {
      const { set: name = '', group = '' } = request.parameters;
      const set = sets.find(({ resourceId }) =>
        `${request.path}/`.toLowerCase().startsWith(`${resourceId}/`.toLowerCase()),
      );
      return set === undefined ? resourceNotFound(ACTION, name, group) : run(set, request);
    },
  });
  const changing = (run: (model: Model, request: ArmRequest) => EmulatorResponse) => {
    return (set: ScaleSet, request: ArmRequest): EmulatorResponse => {
      const model = modelOf(set);
      return model === undefined
        ? armError(409, 'OperationNotAllowed', 'The stand has no model of it.')
        : run(model, request);
    };
  };
  return [
    route('GET', { path: '', right: 'read' }, (set) => jsonResponse(200, setShape(set, modelOf(set)))),
    route('GET', { path: '/virtualmachines', right: 'virtualMachines/read' }, (set, request) => {
      const all = compute.machines().filter((machine) => isOf(set, machine));
      const at = Number(request.query.get('$skiptoken') ?? 0);
      const value = all.slice(at, at + perPage).map((machine) => instanceShape(set, modelOf(set), machine));
      if (at + perPage >= all.length) return jsonResponse(200, { value });
      const version = request.query.get('api-version') ?? '';
      const nextLink = `${request.path}?api-version=${version}&$skiptoken=${at + perPage}`;
      return jsonResponse(200, { value, nextLink });
    }),
    route('PATCH', { path: '/extensions/{extension}', right: 'extensions/write' }, changing(writeExtension)),
    route('POST', { path: '/manualupgrade', right: 'manualUpgrade/action' }, changing(upgradeInstances)),
    route('GET', { path: '/rollingupgrades/latest', right: 'rollingUpgrades/read' }, changing(latestUpgrade)),
  ];
}

function writeExtension(model: Model, { parameters, body }: ArmRequest): EmulatorResponse {
  const name = parameters.extension ?? '';
  const isIt = (one: ModelExtension): boolean => one.name.toLowerCase() === name.toLowerCase();
  const given = member(body, 'properties');
  if (!model.extensions.some(isIt)) return resourceNotFound(`${ACTION}/extensions`, name, parameters.group ?? '');
  if (typeof given !== 'object' || given === null) return armError(400, 'InvalidParameter', 'properties are required.');
  const headers = model.write({ name, properties: { ...given } });
  return jsonResponse(200, model.extensions.find(isIt), headers);
}

function upgradeInstances(model: Model, { body }: ArmRequest): EmulatorResponse {
  const ids = member(body, 'instanceIds');
  if (!Array.isArray(ids) || ids.length === 0) return armError(400, 'InvalidParameter', 'instanceIds are required.');
  if (model.state === 'Updating')
    return armError(409, 'Conflict', 'The request failed due to conflict with a concurrent request.');
  const machines = model.members();
  const unknown = ids.find((id) => id !== '*' && machines.every(({ name }) => name !== id));
  if (unknown !== undefined)
    return armError(400, 'InvalidParameter', `The instance '${String(unknown)}' is not there.`);
  const chosen = machines.filter(({ name }) => ids.includes('*') || ids.includes(name));
  return { status: 202, headers: model.upgrade(chosen) };
}

function latestUpgrade(model: Model): EmulatorResponse {
  const upgrade = model.rollingUpgrade;
  if (upgrade === undefined) return armError(404, 'NotFound', 'There is no rolling upgrade.');
  const { startTime, code, done, failed, pending, error } = upgrade;
  const progress = {
    ...{ successfulInstanceCount: done, failedInstanceCount: failed },
    ...{ inProgressInstanceCount: 0, pendingInstanceCount: pending },
  };
  const runningStatus = {
    code,
    startTime: startTime.toISOString(),
    lastAction: code === 'Cancelled' ? 'Cancel' : 'Start',
  };
  return jsonResponse(200, { properties: { runningStatus, progress, ...(error && { error }) } });
}

function setShape(set: ScaleSet, model: Model | undefined): unknown {
  const { resourceId: id, location, orchestrationMode, upgradeMode = 'Manual', secrets } = set;
  const extensions = model?.extensions ?? set.extensions;
  const virtualMachineProfile = {
    ...(extensions && { extensionProfile: { extensions } }),
    ...(secrets && { osProfile: { secrets } }),
  };
  const state = { orchestrationMode, provisioningState: model?.state ?? 'Succeeded' };
  const properties = { ...state, upgradePolicy: { mode: upgradeMode }, virtualMachineProfile };
  return { id, name: id.split('/').at(-1), location, sku: { capacity: model?.members().length ?? 0 }, properties };
}

function instanceShape(set: ScaleSet, model: Model | undefined, machine: Machine): unknown {
  const { resourceId: id, name: instanceId, location } = machine;
  const name = set.orchestrationMode === 'Flexible' ? instanceId : `${set.resourceId.split('/').at(-1)}_${instanceId}`;
  const provisioningState = model?.stateOf(machine) ?? 'Succeeded';
  const latestModelApplied = model?.hasLatest(machine) ?? true;
  return { id, instanceId, location, name, properties: { provisioningState, latestModelApplied } };
}
