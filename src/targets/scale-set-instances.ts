import { setTimeout } from 'node:timers/promises';
import type { Arm } from '../azure/arm.ts';
import type { ScaleSetTarget } from '../plan/targets/scale-set.ts';
import type { VirtualMachineTarget } from '../plan/targets/virtual-machine.ts';
import type { Deployment, Look, Probe, RollBack, TargetOptions, VersionToServe } from './port.ts';
import { few, gone, membersOf, readSet } from './scale-set-resource.ts';
import { SIDE_BY_SIDE, sideBySide } from './side-by-side.ts';
import { create as createMachine, noCommand, wasTold } from './virtual-machine.ts';

/** More writes than this may not fit into what Resource Manager gives at once, so that a repeat has to know where it was. */
const LARGE = 100;

type Instance = VirtualMachineTarget;
interface Answered<T> {
  readonly name: string;
  readonly answer: T;
}

/** Tells every instance as a machine is told. A repeat of a large set goes on where the one before was stopped. */
export async function deployInstances(
  options: TargetOptions,
  target: ScaleSetTarget,
  version: VersionToServe,
): Promise<Deployment> {
  const set = await instancesOf(options.arm, target);
  if ('problem' in set) return { state: 'refused', reason: set.problem };
  const { instances } = set;
  const machine = createMachine(options);
  const from = instances.length > LARGE ? await firstUntold(options, instances, version) : 0;
  const answers = await each(options, instances.slice(from), (one) => machine.deploy(one, version));
  const refused = answers.flatMap(({ name, answer }) =>
    answer.state === 'refused' ? [`instance ${name}: ${answer.reason}`] : [],
  );
  const touched = (from > 0 || refused.length < answers.length) && { touched: true as const };
  if (refused.length > 0) return { state: 'refused', reason: few(refused), ...touched };
  const detail = `${instances.length} instances were told to serve the version`;
  return { ...answers[0]?.answer, state: 'deployed', detail };
}

/**
 * Instances are told in their order, so that a few reads find where to go on. A group that was under way may have gaps:
 * it is told again whole.
 */
async function firstUntold(
  options: TargetOptions,
  instances: readonly Instance[],
  version: VersionToServe,
): Promise<number> {
  let [low, high] = [0, instances.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const instance = instances[middle];
    const [isTold] =
      instance === undefined ? [] : await each(options, [instance], (one) => wasTold(options, one, version));
    if (isTold?.answer) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - SIDE_BY_SIDE);
}

export async function rollBackInstances(
  options: TargetOptions,
  target: ScaleSetTarget,
  lastGood: VersionToServe,
): Promise<RollBack> {
  const set = await instancesOf(options.arm, target);
  if ('problem' in set) return { state: 'impossible', reason: set.problem };
  const machine = createMachine(options);
  const answers = await each(options, set.instances, (one) => machine.rollBack(one, lastGood));
  const impossible = answers.flatMap(({ name, answer }) =>
    answer.state === 'impossible' ? [`instance ${name}: ${answer.reason}`] : [],
  );
  if (impossible.length > 0) return { state: 'impossible', reason: few(impossible) };
  return { state: 'rolled-back', detail: `${answers.length} instances were told to go back` };
}

/** What all instances report. Of a large set no more is read than up to the first group that does not serve yet. */
export async function lookAtInstances(options: TargetOptions, target: ScaleSetTarget, look: Look): Promise<Probe> {
  const at = options.clock.now().toISOString();
  const set = await instancesOf(options.arm, target);
  if ('problem' in set) return { state: 'failed', at, reason: set.problem };
  const machine = createMachine(options);
  const isWaited = (group: readonly Answered<Probe>[]) => !group.every(({ answer }) => isServed(answer, look));
  const isLarge = set.instances.length > LARGE;
  const reports = await each(options, set.instances, (one) => machine.probe(one, look), isLarge ? isWaited : undefined);
  return together(reports, { look, at, of: set.instances.length });
}

function isServed(seen: Probe, { version }: Look): boolean {
  return seen.state === 'served' && seen.sha256 === version.sha256;
}

/** All of them, or one that does not serve: with each instance named that is to blame. */
function together(
  reports: readonly Answered<Probe>[],
  { look, at, of }: { readonly look: Look; readonly at: string; readonly of: number },
): Probe {
  const told = (found: readonly Answered<Probe>[]): string =>
    few(found.map(({ name, answer }) => `instance ${name}: ${wordsOf(answer)}`));
  const isWaiting = ({ answer }: Answered<Probe>): boolean =>
    answer.state === 'pending' || (answer.state === 'failed' && answer.reason === noCommand);
  const failed = reports.filter((one) => one.answer.state === 'failed' && !isWaiting(one));
  if (failed.length > 0) return { state: 'failed', at, reason: told(failed) };
  const waiting = reports.filter(isWaiting);
  // Of those that were not looked at nothing is known.
  const left = waiting.length + of - reports.length;
  if (waiting.length > 0) return { state: 'pending', at, reason: `${left} of ${of} instances: ${told(waiting)}` };
  const other = reports.filter(({ answer }) => !isServed(answer, look));
  const [first] = other.length > 0 ? other : reports;
  return first?.answer ?? { state: 'pending', at, reason: 'no instance has reported' };
}

function wordsOf(seen: Probe): string {
  return seen.state === 'served' ? `serves ${seen.sha256.slice(0, 16)}` : seen.reason;
}

/** Every instance as a machine of its own, without the set's endpoint. */
async function instancesOf(
  arm: Arm,
  target: ScaleSetTarget,
): Promise<{ readonly instances: readonly Instance[] } | { readonly problem: string }> {
  const { scaleSet: _set, endpoint: _balancer, deployBy: _by, kind: _kind, ...guest } = target;
  const set = await readSet(arm, target);
  if (set === undefined) return { problem: gone(target) };
  const listed = await membersOf(arm, target, set);
  if ('problem' in listed) return listed;
  return { instances: listed.members.map(({ machine }) => ({ ...guest, kind: 'virtual-machine', machine })) };
}

function each<T>(
  { clock, pause }: TargetOptions,
  instances: readonly Instance[],
  work: (instance: Instance) => Promise<T>,
  isEnough?: (group: readonly Answered<T>[]) => boolean,
): Promise<readonly Answered<T>[]> {
  const named = async (one: Instance) => ({ name: one.machine.split('/').at(-1) ?? '', answer: await work(one) });
  const wait = async (milliseconds: number): Promise<void> => void (await setTimeout(milliseconds));
  return sideBySide(instances, named, { waiting: { clock, pause: pause ?? wait }, ...(isEnough && { isEnough }) });
}
