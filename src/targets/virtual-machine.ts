import { armStatusOf } from '../azure/arm-error.ts';
import { RenewalError } from '../errors.ts';
import { type VirtualMachineTarget, virtualMachineKind } from '../plan/targets/virtual-machine.ts';
import {
  type Command,
  type CommandMode,
  commandBody,
  commandName,
  isAsked,
  isDone,
  judgeCommand,
} from './guest-command.ts';
import type { Deployment, Look, Probe, RollBack, TargetAdapter, TargetOptions, VersionToServe } from './port.ts';
import { probe } from './probe.ts';
import { namingRole } from './refused-by-arm.ts';

export const kind = 'virtual-machine';

/** Machines have no settings of their own: everything is in the target. */
export const settings = {} as const;

/** Of a machine that is gone, or was not there yet when the others were told. */
export const noCommand = 'gone: the machine or its run command is not there';

/** No run command takes less: before that there is no report to read. */
const LOOK_AFTER_SECONDS = 20;
/** A repeat within this time is the same command to Azure; a later one runs the script again, which finds what is done. */
const SAME_COMMAND_MILLISECONDS = 60_000;
/** For so many of them a roll back that was reported as done counts as done, and a machine that was told as told. */
const DONE_FOR = 10;

/**
 * Machines that take the certificate from their vault by the Key Vault extension. One managed run command, and nothing read
 * before it, refreshes, reloads and reports; there is no preflight, for that would be a read for each of 500 machines.
 */
export function create(options: TargetOptions): TargetAdapter<VirtualMachineTarget> {
  return {
    kind,
    capabilities: virtualMachineKind.facts,
    probe: (target, look) => lookAt(options, target, look),
    async deploy(target, version) {
      const refused = await run(options, target, { guest: target, mode: 'deploy', version, asked: slotOf(options) });
      if (refused !== undefined) return { state: 'refused', reason: refused } satisfies Deployment;
      const detail = 'the machine was told to fetch the version and to take it into use';
      return { state: 'deployed', detail, lookAfterSeconds: LOOK_AFTER_SECONDS };
    },
    rollBack: (target, lastGood) => rollBack(options, target, lastGood),
  };
}

/** Whether the machine was told of the version by this renewal, a short time ago. One read. */
export async function wasTold(
  options: TargetOptions,
  target: VirtualMachineTarget,
  version: VersionToServe,
): Promise<boolean> {
  const command = { guest: target, mode: 'deploy', version, asked: slotOf(options) } as const;
  return isAsked(await read(options, target, version), command, DONE_FOR);
}

/** Whether the machine still holds the version, its report tells: the probe after it ends as failed when it does not. */
async function rollBack(
  options: TargetOptions,
  target: VirtualMachineTarget,
  lastGood: VersionToServe,
): Promise<RollBack> {
  if (target.os === 'windows' && target.iis === undefined)
    return { state: 'impossible', reason: 'a Windows service chooses its certificate from the store by itself' };
  const detail = 'the machine was told to go back to the version that it kept, until the extension’s next change';
  const command = { guest: target, mode: 'roll-back', version: lastGood, asked: slotOf(options) } as const;
  // Roll backs are rare: here a read may come first.
  if (isDone(await read(options, target, lastGood), command, DONE_FOR)) return { state: 'rolled-back', detail };
  const refused = await run(options, target, command);
  return refused === undefined ? { state: 'rolled-back', detail } : { state: 'impossible', reason: refused };
}

function slotOf({ clock }: TargetOptions): string {
  return String(Math.floor(clock.now().getTime() / SAME_COMMAND_MILLISECONDS));
}

/** The one write of a deployment. Answers with why Azure refused it for good. */
async function run(
  { arm }: TargetOptions,
  target: VirtualMachineTarget,
  command: Command,
): Promise<string | undefined> {
  const body = commandBody(command, target.location);
  try {
    await namingRole(roleFor(target), () => arm.put(commandId(target, command.version), body));
    return undefined;
  } catch (error) {
    // What is refused without a status was an answer that cannot be used: the command may run all the same.
    const isRefused = error instanceof RenewalError && error.code === 'arm-refused' && armStatusOf(error).status;
    if (!isRefused) throw error;
    return refusalOf(error);
  }
}

function refusalOf(error: RenewalError): string {
  const { status, code } = armStatusOf(error);
  if (status === 404) return `gone: there is no such machine: ${error.message}`;
  if (status === 409 && code === 'OperationNotAllowed')
    return `the machine is off, or takes no commands: start it, and the next sweep goes on: ${error.message}`;
  return error.message;
}

/** A fresh TLS connection decides where there is an endpoint. Else, and while that shows another version, the report. */
async function lookAt(options: TargetOptions, target: VirtualMachineTarget, look: Look): Promise<Probe> {
  const { clock } = options;
  const wanted = look.version.sha256;
  if (target.endpoint === undefined) {
    if (look.purpose !== 'baseline') return report(options, target, look);
    return { state: 'pending', at: clock.now().toISOString(), reason: 'what was there comes with the report' };
  }
  const seen = await probe(target.endpoint, options);
  if (look.purpose === 'baseline' || (seen.state === 'served' && seen.sha256 === wanted)) return seen;
  const told = await report(options, target, look);
  return told.state === 'failed' ? told : seen;
}

async function report(options: TargetOptions, target: VirtualMachineTarget, look: Look): Promise<Probe> {
  const mode: CommandMode = look.purpose === 'roll-back' ? 'roll-back' : 'deploy';
  const command = await read(options, target, look.version);
  const at = options.clock.now().toISOString();
  if (command === undefined) return { state: 'failed', at, reason: noCommand };
  return judgeCommand(command, { guest: target, mode, version: look.version }, at);
}

function read({ arm }: TargetOptions, target: VirtualMachineTarget, version: VersionToServe): Promise<unknown> {
  return namingRole(roleFor(target), () => arm.get(commandId(target, version), 'instanceView'));
}

function commandId({ machine, id }: VirtualMachineTarget, version: VersionToServe): string {
  return `${machine}/runCommands/${commandName(id, version)}`;
}

/** Instances of a scale set are machines that another role is for. */
function roleFor({ machine }: VirtualMachineTarget): string {
  return /\/virtualMachineScaleSets\//i.test(machine) ? 'Perennial scale set deployer' : 'Perennial machine deployer';
}
