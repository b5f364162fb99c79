import * as df from 'durable-functions';
import { ManualClock } from '../../../../../local/clock.ts';
import { openTaskHub } from '../../../../../local/host/hub/task-hub.ts';
import type {
  Binding,
  DurableOptions,
  FunctionInfo,
  InstanceStatus,
  Invocation,
  InvocationResult,
  TaskHub,
  Worker,
} from '../../../../../local/host/types.ts';
import {
  createRegistry,
  installCoreModule,
  type RegisteredFunction,
} from '../../../../../local/host/worker/core-module.ts';
import { runInvocation } from '../../../../../local/host/worker/invocation.ts';

export const START = new Date('2026-03-01T00:00:00Z');
export const DAY = 86_400_000;

export type Orchestrator = df.OrchestrationHandler;
export type Activity = (input: unknown) => unknown;

export interface App {
  readonly orchestrators: Readonly<Record<string, Orchestrator>>;
  readonly activities?: Readonly<Record<string, Activity>>;
}

export interface BenchOptions {
  readonly clock?: ManualClock;
  readonly directory?: string;
  readonly durable?: Partial<DurableOptions>;
  /** Stands between hub and app. */
  readonly around?: (call: Invocation, run: () => Promise<InvocationResult>) => Promise<InvocationResult>;
}

export interface Bench {
  readonly hub: TaskHub;
  readonly clock: ManualClock;
  /** Names of the functions called, in order. */
  readonly calls: string[];
  readonly logged: string[];
  /** Starts an instance, and lets it go as far as it can without time or events. */
  run(name: string, input?: unknown, id?: string): Promise<InstanceStatus>;
  status(id?: string): Promise<InstanceStatus>;
  /** Moves from one due moment to the next, until `days` have gone by. */
  pass(days: number): Promise<void>;
}

/** A hub over the real library, in this process: one app at a time. */
export async function openBench(app: App, options: BenchOptions = {}): Promise<Bench> {
  const clock = options.clock ?? new ManualClock(START);
  const calls: string[] = [];
  const logged: string[] = [];
  const worker = appWorker(app, calls, options.around ?? ((_call, run) => run()));
  const hub = await openTaskHub({
    worker,
    clock,
    ...(options.directory !== undefined && { directory: options.directory }),
    durable: { ...defaults, ...options.durable },
    log: (level, message) => logged.push(`${level}: ${message}`),
  });
  const status = async (id = 'one'): Promise<InstanceStatus> => {
    await hub.idle();
    const found = await hub.status(id);
    if (found === undefined) throw new TypeError(`no instance ${id}`);
    return found;
  };
  return {
    hub,
    clock,
    calls,
    logged,
    status,
    run: async (name, input = null, id = 'one') => {
      const started = await hub.start({ name, input: JSON.stringify(input), instanceId: id });
      if (started.state !== 'started') throw new TypeError(`${name}: ${started.state}`);
      return await status(id);
    },
    pass: (days) => pass(hub, clock, days),
  };
}

async function pass(hub: TaskHub, clock: ManualClock, days: number): Promise<void> {
  const end = clock.now().getTime() + days * DAY;
  await hub.idle();
  for (let next = clock.next(); next !== undefined && next.getTime() <= end; next = clock.next()) {
    clock.advance(next.getTime() - clock.now().getTime());
    await hub.idle();
  }
  clock.advance(end - clock.now().getTime());
  await hub.idle();
}

const defaults: DurableOptions = {
  hubName: 'bench',
  versionMatchStrategy: 'CurrentOrOlder',
  versionFailureStrategy: 'Reject',
  overridableExistingInstanceStates: 'NonRunningStates',
  maxConcurrentActivityFunctions: 10,
  maxConcurrentOrchestratorFunctions: 10,
};

function appWorker(app: App, calls: string[], around: NonNullable<BenchOptions['around']>): Worker {
  const registry = createRegistry(() => undefined);
  installCoreModule(registry);
  for (const [name, handler] of Object.entries(app.orchestrators)) df.app.orchestration(name, handler);
  for (const [name, handler] of Object.entries(app.activities ?? {})) df.app.activity(name, { handler });
  const scope = { registry, appHookData: {}, log: () => undefined };
  return {
    functions: [...registry.functions.values()].map(describe),
    invoke: (call) => {
      calls.push(call.functionName);
      return around(call, () => runInvocation(scope, call));
    },
    stop: () => Promise.resolve(),
  };
}

function describe({ metadata }: RegisteredFunction): FunctionInfo {
  const bindings = Object.entries(metadata.bindings).map(([name, binding]) => ({ ...binding, name }) as Binding);
  const trigger = bindings.find((binding) => binding.type.toLowerCase().endsWith('trigger'));
  if (trigger === undefined) throw new TypeError(`${metadata.name} has no trigger`);
  return { name: metadata.name, trigger, bindings };
}
