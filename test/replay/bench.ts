import hostFile from '../../host.json' with { type: 'json' };
import { parseAnswer } from '../../local/host/engine/answer.ts';
import { openTaskHub } from '../../local/host/hub/task-hub.ts';
import type { DurableOptions, InstanceStatus, Invocation, InvocationResult, TaskHub } from '../../local/host/types.ts';
import { startHeartbeat } from '../../src/renewal/beat.ts';
import type { Dependencies } from '../../src/renewal/dependencies.ts';
import type { Orchestrations, RenewalInstance } from '../../src/renewal/orchestrations.ts';
import { type StartDependencies, type StartRequest, startRenewal } from '../../src/renewal/start.ts';
import { runStep, type Step } from '../../src/renewal/steps/step.ts';
import { steps } from '../../src/renewal/steps/table.ts';
import type { RenewalInput, RenewalResult, RenewalStatus, StepInput, StepName } from '../../src/renewal/story.ts';
import type { World } from '../builders/world.ts';
import { createAppWorker, type Orchestrators, orchestrators } from './app.ts';

/** One call of an orchestrator: what it was given and what it answered. */
export interface OrchestratorCall {
  readonly orchestrator: string;
  /** The orchestration trigger's text. */
  readonly input: string;
  readonly result: InvocationResult;
}

/** What may happen in the world right before a step runs. `count` counts the steps of that name, from 1. */
export type Meanwhile = (at: {
  readonly step: StepName;
  readonly input: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly app: StartDependencies;
}) => unknown;

export interface BenchOptions {
  readonly meanwhile?: Meanwhile;
  /** Adapters that stand in for the world's. */
  readonly adapters?: Partial<Dependencies>;
  readonly orchestrators?: Orchestrators;
  /** `false`: calls of orchestrators are not kept, where there are too many of them. */
  readonly keepsCalls?: boolean;
}

/** How a renewal went. */
export interface Lived {
  readonly renewalId: string;
  readonly result: RenewalResult;
  readonly status: RenewalStatus;
  /** Every custom status of the renewal, one after the other. */
  readonly statuses: readonly RenewalStatus[];
  readonly calls: readonly OrchestratorCall[];
}

export interface Bench {
  readonly app: StartDependencies;
  readonly hub: TaskHub;
  /** Starts a renewal the product's way and lives until it has ended, jumping from one durable timer to the next. */
  live(request?: Partial<StartRequest>): Promise<Lived>;
  /** Lives on until a renewal that was started in another way has ended. */
  liveOn(renewalId: string): Promise<Lived>;
  /** Starts a heartbeat the product's way and answers with the calls it came to. */
  heartbeat(): Promise<readonly OrchestratorCall[]>;
}

const { durableTask } = hostFile.extensions;
const durable: DurableOptions = {
  hubName: durableTask.hubName,
  defaultVersion: durableTask.defaultVersion,
  versionMatchStrategy: 'CurrentOrOlder',
  versionFailureStrategy: 'Reject',
  overridableExistingInstanceStates: 'NonRunningStates',
  maxConcurrentActivityFunctions: 10,
  maxConcurrentOrchestratorFunctions: 10,
};

/** More jumps than any renewal may need: an orchestration that never ends is told instead of waited for. */
const JUMPS = 5000;

/** The real orchestrators and steps on the real library, over a world in memory and a clock that jumps. */
export async function openBench(world: World, options: BenchOptions = {}): Promise<Bench> {
  const calls: OrchestratorCall[] = [];
  const counts = new Map<StepName, number>();
  const perform = async (step: StepName, input: unknown): Promise<unknown> => {
    const count = (counts.get(step) ?? 0) + 1;
    counts.set(step, count);
    await options.meanwhile?.({ step, input: input as Readonly<Record<string, unknown>>, count, app });
    return runNamed(step, input, app);
  };
  const recorded = async (call: Invocation, run: () => Promise<InvocationResult>): Promise<InvocationResult> => {
    const result = withoutStack(await run());
    const input = Object.values(call.inputs)[0]?.string;
    if (options.keepsCalls !== false && call.functionName in orchestrators && input !== undefined)
      calls.push({ orchestrator: call.functionName, input, result });
    return result;
  };
  const worker = createAppWorker(perform, options.orchestrators, recorded);
  const hub = await openTaskHub({ worker, clock: world.clock, durable, log: () => undefined });
  const app: StartDependencies = { ...world.app, ...options.adapters, orchestrations: orchestrationsOf(hub) };
  return {
    app,
    hub,
    live: async (request) => live({ world, app, hub, calls }, request),
    liveOn: (renewalId) => liveOn({ world, app, hub, calls }, renewalId),
    async heartbeat() {
      await startHeartbeat(app);
      await hub.idle();
      return calls;
    },
  };
}

/** A recorded history is to say nothing about the machine on which it was lived. */
function withoutStack(result: InvocationResult): InvocationResult {
  return result.state === 'failed' ? { state: 'failed', message: result.message } : result;
}

function runNamed<S extends StepName>(name: S, input: unknown, app: Dependencies): Promise<unknown> {
  return runStep(name, steps[name] as Step<S>, { input: input as StepInput<S>, app });
}

interface Living {
  readonly world: World;
  readonly app: StartDependencies;
  readonly hub: TaskHub;
  readonly calls: readonly OrchestratorCall[];
}

async function live(living: Living, request: Partial<StartRequest> = {}): Promise<Lived> {
  const asked = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false, ...request } as const;
  const started = await startRenewal(asked, living.app);
  if (started.state !== 'started') throw new TypeError(`not started: ${JSON.stringify(started)}`);
  return liveOn(living, started.renewalId);
}

async function liveOn({ world, hub, calls }: Living, renewalId: string): Promise<Lived> {
  for (let jump = 0; jump < JUMPS; jump++) {
    await hub.idle();
    const found = await hub.status(renewalId);
    if (found?.runtimeStatus === 'Completed') return { renewalId, calls, ...endOf(found, calls) };
    const next = world.clock.next();
    if (next === undefined) throw new TypeError(`stands still: ${JSON.stringify(found)}`);
    world.clock.advance(next.getTime() - world.clock.now().getTime());
  }
  throw new TypeError(`${renewalId} has not ended after ${JUMPS} jumps in time`);
}

function endOf(found: InstanceStatus, calls: readonly OrchestratorCall[]): Omit<Lived, 'renewalId' | 'calls'> {
  const own = calls.filter(({ orchestrator }) => orchestrator === found.name);
  return {
    result: found.output as RenewalResult,
    status: found.customStatus as RenewalStatus,
    statuses: own.flatMap(({ result }) => statusOf(result)),
  };
}

function statusOf(result: InvocationResult): readonly RenewalStatus[] {
  if (result.state === 'lost') return [];
  const parsed = parseAnswer(result);
  if (parsed.state === 'broken' || parsed.answer.customStatus === undefined) return [];
  return [parsed.answer.customStatus as RenewalStatus];
}

/** The flow as the product sees it, over the hub instead of the durable client's HTTP. */
function orchestrationsOf(hub: TaskHub): Orchestrations {
  return {
    async find(renewalId) {
      const status = await hub.status(renewalId);
      return status === undefined ? undefined : instanceOf(status);
    },
    async start(input) {
      await hub.start({ name: 'renewCertificate', instanceId: input.renewalId, input: JSON.stringify(input) });
    },
    async terminate(renewalId, why) {
      await hub.terminate(renewalId, why);
    },
    async startHeartbeat(input) {
      await hub.start({ name: 'heartbeat', instanceId: `heartbeat-${input.period}`, input: JSON.stringify(input) });
    },
  };
}

function instanceOf(status: InstanceStatus): RenewalInstance {
  const running = status.runtimeStatus === 'Running' || status.runtimeStatus === 'Pending';
  return {
    state: running ? 'running' : 'finished',
    runtimeStatus: status.runtimeStatus,
    input: status.input as RenewalInput,
    ...(status.customStatus !== null && { status: status.customStatus as RenewalStatus }),
    ...(status.output !== null && { result: status.output as RenewalResult }),
    createdAt: status.createdTime,
    updatedAt: status.lastUpdatedTime,
  };
}
