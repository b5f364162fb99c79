import type { StandClock } from '../../clock.ts';
import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import { armError } from '../answers.ts';
import type { Operations } from '../operations.ts';
import { type ArmRequest, member, textMember } from '../request.ts';
import { parseResourceId } from '../resource-id.ts';
import type { Compute } from './compute.ts';
import { runScript } from './guest.ts';
import type { CommandEnd, Machine, RunCommand } from './types.ts';

/** How long the agent takes to notice a command. */
const START_SECONDS = 5;
const SLOW_SECONDS = 600;
/** Azure gives up on an agent that does not answer. */
const NO_AGENT_SECONDS = 900;
const DEFAULT_TIMEOUT_SECONDS = 5400;
/** Azure keeps the end of what a script wrote. */
const KEPT_BYTES = 4096;

export interface RunCommands {
  /** Create Or Update: the script runs when anything of the command is new. */
  put(machine: Machine, request: ArmRequest): EmulatorResponse;
  shape(machine: Machine, command: RunCommand, withView: boolean): unknown;
}

/** Managed run commands: https://learn.microsoft.com/azure/virtual-machines/linux/run-command-managed. */
export function createRunCommands(compute: Compute, operations: Operations): RunCommands {
  const { clock } = compute.options;
  const scripts = new Map<string, string>();

  /** One text for all machines that run the same script. */
  const shared = (script: string): string => {
    const known = scripts.get(script) ?? script;
    scripts.set(script, known);
    return known;
  };

  return {
    put(machine, request) {
      const name = request.parameters.command ?? '';
      const before = machine.commands.get(name.toLowerCase());
      const wanted = read(request.body);
      if (typeof wanted === 'string') return armError(400, 'InvalidParameter', wanted);
      if (machine.power !== 'running')
        return armError(409, 'OperationNotAllowed', 'Cannot modify extensions in the VM when the VM is not running.');
      if (before !== undefined && isSame(before, wanted))
        return jsonResponse(200, shape(clock, machine, { command: before, withView: false }));
      before?.cancel();
      const command = begin(compute, machine, { ...wanted, name, script: shared(wanted.script) });
      machine.commands.set(name.toLowerCase(), command);
      const { headers } = operations.begin({
        subscription: parseResourceId(machine.resourceId).subscription,
        provider: 'Microsoft.Compute',
        location: machine.location,
        seconds: operationSeconds(machine, command),
        finish: () =>
          machine.faults.has('no-agent')
            ? { status: 'Failed', code: 'VMAgentStatusCommunicationError', message: noAgent(machine) }
            : { status: 'Succeeded' },
      });
      const body = shape(clock, machine, { command, withView: false });
      return jsonResponse(before === undefined ? 201 : 200, body, { ...headers, 'azure-asyncnotification': 'Enabled' });
    },
    shape: (machine, command, withView) => shape(clock, machine, { command, withView }),
  };
}

type Wanted = Pick<RunCommand, 'location' | 'script' | 'parameters' | 'timeoutSeconds' | 'isAsync'>;

/** What a body asks for, or what is wrong with it. */
function read(body: unknown): Wanted | string {
  const location = textMember(body, 'location');
  if (location === undefined) return 'The location property is required for this definition.';
  const properties = member(body, 'properties');
  const script = textMember(member(properties, 'source'), 'script');
  if (script === undefined) return 'The stand takes scripts as source.script only.';
  const parameters = new Map<string, string>();
  const given = member(properties, 'parameters');
  for (const parameter of Array.isArray(given) ? given : []) {
    const name = textMember(parameter, 'name');
    if (name === undefined) return 'The stand takes named parameters only.';
    const value = textMember(parameter, 'value');
    // The agent leaves empty ones out.
    if (value !== undefined) parameters.set(name, value);
  }
  const timeout = member(properties, 'timeoutInSeconds');
  return {
    ...{ location, script, parameters },
    timeoutSeconds: typeof timeout === 'number' ? timeout : DEFAULT_TIMEOUT_SECONDS,
    isAsync: member(properties, 'asyncExecution') === true,
  };
}

/** The agent is told nothing new by a command that is written again as it is: nothing runs. */
function isSame(before: RunCommand, wanted: Wanted): boolean {
  const entries = [...wanted.parameters];
  return (
    before.script === wanted.script &&
    before.parameters.size === entries.length &&
    entries.every(([name, value]) => before.parameters.get(name) === value)
  );
}

function begin(compute: Compute, machine: Machine, wanted: Wanted & Pick<RunCommand, 'name'>): RunCommand {
  const { clock, readSecret } = compute.options;
  const startedAt = clock.now();
  const run = async (): Promise<void> => {
    const now = clock.now();
    const { script, parameters } = wanted;
    command.end = { ...(await endOf(machine, command, { script, parameters, readSecret, now })), at: now };
  };
  const due = new Date(startedAt.getTime() + runSeconds(machine, wanted) * 1000);
  const command: RunCommand = { ...wanted, startedAt, cancel: clock.at(due, () => compute.track(run())) };
  return command;
}

function runSeconds(
  { faults, scriptSeconds }: Machine,
  { timeoutSeconds }: Pick<RunCommand, 'timeoutSeconds'>,
): number {
  if (faults.has('no-agent')) return NO_AGENT_SECONDS;
  return Math.min(START_SECONDS + timeoutSeconds, faults.has('slow') ? SLOW_SECONDS : scriptSeconds);
}

function operationSeconds(machine: Machine, command: RunCommand): number {
  if (machine.faults.has('no-agent')) return NO_AGENT_SECONDS;
  return command.isAsync ? START_SECONDS : runSeconds(machine, command);
}

async function endOf(
  machine: Machine,
  { timeoutSeconds }: RunCommand,
  run: Parameters<typeof runScript>[1],
): Promise<CommandEnd> {
  const nothing = { exitCode: -1, output: '', error: '' };
  if (machine.power !== 'running') return { ...nothing, state: 'Failed', message: 'The VM was stopped.' };
  if (machine.faults.has('no-agent')) return { ...nothing, state: 'Failed', message: noAgent(machine) };
  if (machine.faults.has('slow') && timeoutSeconds + START_SECONDS < SLOW_SECONDS)
    return { ...nothing, state: 'TimedOut', message: 'The script was ended: its time was over.' };
  return runScript(machine, run);
}

function noAgent({ name }: Machine): string {
  return `VM '${name}' has not reported status for VM agent or extensions. Verify that the OS is up and healthy, the VM has a running VM agent, and that it can establish outbound connections to Azure storage.`;
}

function shape(
  clock: StandClock,
  { resourceId }: Machine,
  { command, withView }: { readonly command: RunCommand; readonly withView: boolean },
): unknown {
  const { name, location, script, parameters, timeoutSeconds, isAsync, end } = command;
  return {
    id: `${resourceId}/runCommands/${name}`,
    name,
    type: 'Microsoft.Compute/virtualMachines/runCommands',
    location,
    properties: {
      source: { script },
      parameters: [...parameters].map(([key, value]) => ({ name: key, value })),
      asyncExecution: isAsync,
      timeoutInSeconds: timeoutSeconds,
      treatFailureAsDeploymentFailure: false,
      provisioningState: provisioningState(command, clock.now()),
      ...(withView && { instanceView: end === undefined ? running(command, clock.now()) : viewOf(command, end) }),
    },
  };
}

/** It says only that the script was started. */
function provisioningState({ startedAt, isAsync, end }: RunCommand, now: Date): string {
  if (end?.message !== undefined && end.state === 'Failed') return 'Failed';
  if (end !== undefined || (isAsync && secondsSince(startedAt, now) >= START_SECONDS)) return 'Succeeded';
  return 'Creating';
}

function running({ startedAt }: RunCommand, now: Date): unknown {
  const hasBegun = secondsSince(startedAt, now) >= START_SECONDS;
  return { executionState: hasBegun ? 'Running' : 'Pending', exitCode: 0, output: '', error: '' };
}

function viewOf(
  { startedAt }: RunCommand,
  { state, exitCode, output, error, message = '', at }: NonNullable<RunCommand['end']>,
) {
  return {
    executionState: state,
    executionMessage: message,
    exitCode,
    output: Buffer.from(output).subarray(-KEPT_BYTES).toString(),
    error: Buffer.from(error).subarray(-KEPT_BYTES).toString(),
    startTime: startedAt.toISOString(),
    endTime: at.toISOString(),
  };
}

function secondsSince(start: Date, now: Date): number {
  return (now.getTime() - start.getTime()) / 1000;
}
