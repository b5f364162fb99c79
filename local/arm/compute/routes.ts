import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import { armError, parentNotFound, resourceNotFound } from '../answers.ts';
import type { Operations } from '../operations.ts';
import { type ArmRequest, type ArmRoute, member, textMember } from '../request.ts';
import { parseResourceId } from '../resource-id.ts';
import type { Compute } from './compute.ts';
import { createRunCommands } from './run-commands.ts';
import type { Extension, Machine } from './types.ts';

const GROUP = '/subscriptions/{subscription}/resourcegroups/{group}';
const COMPUTE = `${GROUP}/providers/microsoft.compute`;
const KINDS = [
  { template: `${COMPUTE}/virtualmachines/{machine}`, action: 'Microsoft.Compute/virtualMachines' },
  {
    template: `${COMPUTE}/virtualmachinescalesets/{set}/virtualmachines/{machine}`,
    action: 'Microsoft.Compute/virtualMachineScaleSets/virtualMachines',
  },
] as const;
/** How long a pull of the extension takes behind a PUT of it. */
const EXTENSION_SECONDS = 20;

/** Machines, their extensions and their managed run commands; of scale sets the same for each instance. */
export function computeRoutes(compute: Compute, operations: Operations): readonly ArmRoute[] {
  return [
    {
      method: 'GET',
      template: `${COMPUTE}/virtualmachines`,
      action: 'Microsoft.Compute/virtualMachines/read',
      run: ({ path }) => listMachines(compute, path),
    },
    ...KINDS.flatMap((kind) => [
      ...machineRoutes(compute, kind),
      ...extensionRoutes(compute, operations, kind),
      ...commandRoutes(compute, operations, kind),
    ]),
  ];
}

interface Kind {
  readonly template: string;
  readonly action: string;
}

function machineRoutes(compute: Compute, { template, action }: Kind): readonly ArmRoute[] {
  const read = (request: ArmRequest): EmulatorResponse => {
    const machine = compute.machine(request.path);
    const { machine: name = '', group = '' } = request.parameters;
    if (machine === undefined) return resourceNotFound('Microsoft.Compute/virtualMachines', name, group);
    return jsonResponse(200, machineShape(machine, request.query.get('$expand') === 'instanceView'));
  };
  return [{ method: 'GET', template, action: `${action}/read`, run: read }];
}

function extensionRoutes(compute: Compute, operations: Operations, kind: Kind): readonly ArmRoute[] {
  const template = `${kind.template}/extensions`;
  const action = `${kind.action}/extensions`;
  const one = (machine: Machine, { parameters, query }: ArmRequest): EmulatorResponse => {
    const { extension: name = '', group = '' } = parameters;
    const extension = machine.extensions.get(name.toLowerCase());
    if (extension === undefined) return resourceNotFound(`${kind.action}/extensions`, `${machine.name}/${name}`, group);
    return jsonResponse(200, extensionShape(machine, extension, query.get('$expand') === 'instanceView'));
  };
  return [
    {
      method: 'GET',
      template,
      action: `${action}/read`,
      run: (request) =>
        withMachine(compute, request, (machine) =>
          jsonResponse(200, {
            value: [...machine.extensions.values()].map((each) => extensionShape(machine, each, false)),
          }),
        ),
    },
    {
      method: 'GET',
      template: `${template}/{extension}`,
      action: `${action}/read`,
      run: (request) => withMachine(compute, request, (machine) => one(machine, request)),
    },
    {
      method: 'PUT',
      template: `${template}/{extension}`,
      action: `${action}/write`,
      run: (request) =>
        withMachine(compute, request, (machine) => putExtension({ compute, operations, machine }, request)),
    },
  ];
}

/** A new `forceUpdateTag`, or any other change, makes the handler begin anew: it reads the vault at once. */
function putExtension(
  { compute, operations, machine }: { compute: Compute; operations: Operations; machine: Machine },
  { parameters, body }: ArmRequest,
): EmulatorResponse {
  const name = parameters.extension ?? '';
  const properties = member(body, 'properties');
  if (textMember(body, 'location') === undefined || typeof properties !== 'object' || properties === null)
    return armError(400, 'InvalidParameter', 'The location property is required for this definition.');
  if (machine.power !== 'running')
    return armError(409, 'OperationNotAllowed', 'Cannot modify extensions in the VM when the VM is not running.');
  const before = machine.extensions.get(name.toLowerCase());
  const isSame = before !== undefined && JSON.stringify(before.properties) === JSON.stringify(properties);
  const extension: Extension = { name, properties: { ...properties }, pulledAt: before?.pulledAt };
  machine.extensions.set(name.toLowerCase(), extension);
  const { headers } = operations.begin({
    subscription: parseResourceId(machine.resourceId).subscription,
    provider: 'Microsoft.Compute',
    location: machine.location,
    seconds: EXTENSION_SECONDS,
    finish() {
      if (!isSame) compute.track(compute.pull(machine));
      return { status: 'Succeeded' };
    },
  });
  return jsonResponse(before === undefined ? 201 : 200, extensionShape(machine, extension, false), headers);
}

function commandRoutes(compute: Compute, operations: Operations, kind: Kind): readonly ArmRoute[] {
  const commands = createRunCommands(compute, operations);
  const template = `${kind.template}/runcommands`;
  const action = `${kind.action}/runCommands`;
  const one = (machine: Machine, { parameters, query }: ArmRequest): EmulatorResponse => {
    const { command: name = '', group = '' } = parameters;
    const command = machine.commands.get(name.toLowerCase());
    if (command === undefined) return resourceNotFound(`${kind.action}/runCommands`, `${machine.name}/${name}`, group);
    return jsonResponse(200, commands.shape(machine, command, query.get('$expand') === 'instanceView'));
  };
  const route = (
    method: ArmRoute['method'],
    path: string,
    right: string,
    act: (machine: Machine, request: ArmRequest) => EmulatorResponse,
  ): ArmRoute => ({
    method,
    template: path,
    action: `${action}/${right}`,
    run: (request) => withMachine(compute, request, (machine) => act(machine, request)),
  });
  return [
    route('GET', template, 'read', (machine) =>
      jsonResponse(200, { value: [...machine.commands.values()].map((each) => commands.shape(machine, each, false)) }),
    ),
    route('GET', `${template}/{command}`, 'read', one),
    route('PUT', `${template}/{command}`, 'write', commands.put),
    route('DELETE', `${template}/{command}`, 'delete', (machine, { parameters }) => {
      const name = parameters.command?.toLowerCase() ?? '';
      machine.commands.get(name)?.cancel();
      return { status: machine.commands.delete(name) ? 200 : 204, headers: {} };
    }),
  ];
}

function withMachine(
  compute: Compute,
  { path }: ArmRequest,
  act: (machine: Machine) => EmulatorResponse,
): EmulatorResponse {
  const [, parent = '', type = ''] = /^(.*)\/(extensions|runCommands)(?:\/[^/]*)?$/i.exec(path) ?? [];
  const machine = compute.machine(parent);
  return machine === undefined ? parentNotFound('write', `virtualMachines/${type}`, parent) : act(machine);
}

function listMachines(compute: Compute, path: string): EmulatorResponse {
  const within = `${path}/`.toLowerCase();
  const found = compute.machines().filter(({ resourceId }) => resourceId.toLowerCase().startsWith(within));
  return jsonResponse(200, { value: found.map((machine) => machineShape(machine, false)) });
}

/** What GET of a machine answers. */
export function machineShape(machine: Machine, withView: boolean) {
  const { resourceId, name, location, os, tags, vmId, power, scaleSet } = machine;
  const statuses = [
    { code: 'ProvisioningState/succeeded', level: 'Info', displayStatus: 'Provisioning succeeded' },
    { code: `PowerState/${power}`, level: 'Info', displayStatus: `VM ${power}` },
  ];
  return {
    id: resourceId,
    name,
    type: 'Microsoft.Compute/virtualMachines',
    location,
    tags,
    identity: { type: 'SystemAssigned' },
    properties: {
      vmId,
      provisioningState: 'Succeeded',
      storageProfile: { osDisk: { osType: os === 'linux' ? 'Linux' : 'Windows' } },
      ...(scaleSet !== undefined && { virtualMachineScaleSet: { id: scaleSet } }),
      ...(withView && { instanceView: { statuses } }),
    },
  };
}

/** What GET of a machine's extension answers. */
export function extensionShape({ resourceId, location }: Machine, extension: Extension, withView: boolean) {
  const { name, properties, pulledAt } = extension;
  const status = { code: 'ProvisioningState/succeeded', level: 'Info', displayStatus: 'Provisioning succeeded' };
  const instanceView = { name, statuses: [{ ...status, ...(pulledAt && { time: pulledAt.toISOString() }) }] };
  return {
    id: `${resourceId}/extensions/${name}`,
    name,
    type: 'Microsoft.Compute/virtualMachines/extensions',
    location,
    properties: { ...properties, provisioningState: 'Succeeded', ...(withView && { instanceView }) },
  };
}
