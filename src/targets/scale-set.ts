import { z } from 'zod';
import type { Arm } from '../azure/arm.ts';
import { resourceGroupOf } from '../azure/arm-id.ts';
import { RenewalError } from '../errors.ts';
import { type ScaleSetTarget, scaleSetKind } from '../plan/targets/scale-set.ts';
import type { VirtualMachineTarget } from '../plan/targets/virtual-machine.ts';
import type { Deployment, Look, Probe, RollBack, TargetAdapter, TargetOptions } from './port.ts';
import { probe } from './probe.ts';
import { create as createMachine, noCommand } from './virtual-machine.ts';

export const kind = 'scale-set';

/** Everything is in the target. */
export const settings = {} as const;

/** So many at a time: one set shall not take all that ARM gives to a subscription. */
const SIDE_BY_SIDE = 10;
/** A repeat writes to every instance again, and ARM gives 200 writes at once. */
const MOST_INSTANCES = 100;
const SHOWN_INSTANCES = 5;

/**
 * Scale sets, uniform and flexible. Their model is left as it is: the Key Vault extension of each instance follows the vault,
 * and each instance is told to look, reload and report as a machine is. The target serves when every instance does.
 */
export function create(options: TargetOptions): TargetAdapter<ScaleSetTarget> {
  const machine = createMachine(options);
  const of = (target: ScaleSetTarget) => instancesOf(options.arm, target);
  return {
    kind,
    capabilities: scaleSetKind.facts,
    async deploy(target, version): Promise<Deployment> {
      const set = await of(target);
      if ('problem' in set) return { state: 'refused', reason: set.problem };
      const answers = await each(set.instances, (one) => machine.deploy(one, version));
      const refused = answers.flatMap(({ name, answer }) =>
        answer.state === 'refused' ? [`instance ${name}: ${answer.reason}`] : [],
      );
      const touched = refused.length < answers.length && { touched: true as const };
      if (refused.length > 0) return { state: 'refused', reason: few(refused), ...touched };
      const [first] = answers;
      return {
        ...first?.answer,
        state: 'deployed',
        detail: `${answers.length} instances were told to serve the version`,
      };
    },
    async rollBack(target, lastGood): Promise<RollBack> {
      const set = await of(target);
      if ('problem' in set) return { state: 'impossible', reason: set.problem };
      const answers = await each(set.instances, (one) => machine.rollBack(one, lastGood));
      const impossible = answers.flatMap(({ name, answer }) =>
        answer.state === 'impossible' ? [`instance ${name}: ${answer.reason}`] : [],
      );
      if (impossible.length > 0) return { state: 'impossible', reason: few(impossible) };
      return { state: 'rolled-back', detail: `${answers.length} instances were told to go back` };
    },
    async probe(target, look) {
      const at = options.clock.now().toISOString();
      const atEndpoint = () => lookAt(options, target);
      if (look.purpose === 'baseline') {
        return (await atEndpoint()) ?? { state: 'pending', at, reason: 'what was there comes with the reports' };
      }
      const set = await of(target);
      if ('problem' in set) return { state: 'failed', at, reason: set.problem };
      const reports = await each(set.instances, (one) => machine.probe(one, look));
      const all = together(reports, look, at);
      // The balancer's own certificate, where it has one, is not the instances' affair; what clients see is.
      return all.state === 'served' ? ((await atEndpoint()) ?? all) : all;
    },
  };
}

type Instance = VirtualMachineTarget;
interface Answered<T> {
  readonly name: string;
  readonly answer: T;
}

/** All of them, or one that does not serve: with each instance named that is to blame. */
function together(reports: readonly Answered<Probe>[], { version }: Look, at: string): Probe {
  const told = (found: readonly Answered<Probe>[]): string =>
    few(found.map(({ name, answer }) => `instance ${name}: ${wordsOf(answer)}`));
  const isWaiting = ({ answer }: Answered<Probe>): boolean =>
    answer.state === 'pending' || (answer.state === 'failed' && answer.reason === noCommand);
  const failed = reports.filter((one) => one.answer.state === 'failed' && !isWaiting(one));
  if (failed.length > 0) return { state: 'failed', at, reason: told(failed) };
  const waiting = reports.filter(isWaiting);
  if (waiting.length > 0)
    return { state: 'pending', at, reason: `${waiting.length} of ${reports.length} instances: ${told(waiting)}` };
  const other = reports.filter(({ answer }) => answer.state !== 'served' || answer.sha256 !== version.sha256);
  const [first] = other.length > 0 ? other : reports;
  return first?.answer ?? { state: 'pending', at, reason: 'no instance has reported' };
}

function wordsOf(seen: Probe): string {
  return seen.state === 'served' ? `serves ${seen.sha256.slice(0, 16)}` : seen.reason;
}

async function lookAt(options: TargetOptions, { endpoint }: ScaleSetTarget): Promise<Probe | undefined> {
  if (endpoint === undefined) return undefined;
  return probe(endpoint, options);
}

const setShape = z.looseObject({ properties: z.looseObject({ orchestrationMode: z.string().nullish() }) });
const instanceShape = z.looseObject({ id: z.string(), instanceId: z.string().regex(/^\w[\w-]{0,79}$/) });

/** Every instance as a machine of its own, without the set's endpoint. */
async function instancesOf(
  arm: Arm,
  target: ScaleSetTarget,
): Promise<{ readonly instances: readonly Instance[] } | { readonly problem: string }> {
  const { scaleSet, endpoint: _balancer, kind: _kind, ...guest } = target;
  const set = await arm.get(scaleSet);
  if (set === undefined) return { problem: `gone: there is no scale set ${scaleSet}` };
  const isFlexible = setShape.safeParse(set).data?.properties.orchestrationMode?.toLowerCase() === 'flexible';
  // Machines of their own, in the group of the set and under the names that it knows them by.
  const below = isFlexible ? `${resourceGroupOf(scaleSet)}/providers/Microsoft.Compute` : scaleSet;
  const instances: Instance[] = [];
  for await (const member of arm.list(`${scaleSet}/virtualMachines`)) {
    const read = instanceShape.safeParse(member).data;
    if (read === undefined)
      throw new RenewalError('arm-unreachable', `scale-set: an instance cannot be read: ${scaleSet}`);
    if (instances.length === MOST_INSTANCES)
      return { problem: `the scale set has more than ${MOST_INSTANCES} instances` };
    instances.push({ ...guest, kind: 'virtual-machine', machine: `${below}/virtualMachines/${read.instanceId}` });
  }
  if (instances.length === 0) return { problem: 'the scale set has no instance, and nothing that serves' };
  return { instances };
}

/** Some at a time. What is thrown for one is thrown for all: the repeat is the same command for those that have it. */
async function each<T>(
  instances: readonly Instance[],
  work: (instance: Instance) => Promise<T>,
): Promise<readonly Answered<T>[]> {
  const answers: Answered<T>[] = [];
  for (let at = 0; at < instances.length; at += SIDE_BY_SIDE) {
    const group = instances.slice(at, at + SIDE_BY_SIDE);
    answers.push(
      ...(await Promise.all(
        group.map(async (one) => ({ name: one.machine.split('/').at(-1) ?? '', answer: await work(one) })),
      )),
    );
  }
  return answers;
}

function few(texts: readonly string[]): string {
  const more = texts.length > SHOWN_INSTANCES ? [`… and ${texts.length - SHOWN_INSTANCES} more`] : [];
  return [...texts.slice(0, SHOWN_INSTANCES), ...more].join('; ');
}
