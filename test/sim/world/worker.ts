import type { OrchestrationContext, OrchestrationHandler, Task } from 'durable-functions';
import type { Invocation, InvocationResult, Worker } from '../../../local/host/types.ts';
import { runStep, type Step } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { StepInput, StepName } from '../../../src/renewal/story.ts';
import { createAppWorker, orchestrators } from '../../replay/app.ts';
import { orchestrating } from '../virtual/globals.ts';
import type { Hub } from './hub.ts';
import type { Line } from './line.ts';
import type { World } from './world.ts';

let world: World | undefined;
let registered: Worker | undefined;

/** The library knows one app a process: it is registered once, and serves whichever simulation runs. */
function app(current: World): Worker {
  world = current;
  registered ??= createAppWorker(perform, poisonedOrchestrators());
  return registered;
}

/** The registered orchestrators, for a replay without any effect. */
export function replayWorker(): Worker {
  if (registered === undefined) throw new TypeError('no app has been registered');
  return registered;
}

async function perform(step: StepName, input: unknown): Promise<unknown> {
  const current = world?.life;
  if (current === undefined) return new Promise(() => undefined);
  return runStep(step, steps[step] as Step<typeof step>, { input: input as StepInput<typeof step>, app: current.app });
}

/** The worker as one life of the host calls it. A host that has died hears nothing any more. */
export function workerFor(current: World, hub: () => Hub): Worker {
  const { functions } = app(current);
  return {
    functions,
    stop: () => Promise.resolve(),
    async invoke(call) {
      const result = await invoked(current, call);
      return hub().isAlive ? result : new Promise(() => undefined);
    },
  };
}

async function invoked(current: World, call: Invocation): Promise<InvocationResult> {
  const line = current.life?.line;
  if (line === undefined) return { state: 'lost' };
  const lost = line.died.then((): InvocationResult => ({ state: 'lost' }));
  return await Promise.race([executed(current, line, call), lost]);
}

async function executed(current: World, line: Line, call: Invocation): Promise<InvocationResult> {
  const { functionName: name } = call;
  const run = (): Promise<InvocationResult> => app(current).invoke(call);
  await line.turn();
  if (!(name in steps)) {
    current.trace(() => `orchestrator ${name}`);
    return await current.crashable(line, `orchestrator ${name}`, run);
  }
  current.trace(() => `activity ${name}`);
  const result = current.faults.strikes('host.dup-activity', name)
    ? await Promise.race([run(), line.turn(current.dice.scale('twin', 1, 5000)).then(run)])
    : await run();
  if (current.faults.strikes('host.late-activity', name)) {
    current.clock.after(current.dice.scale('late activity', 1000, 7_200_000), () => {
      if (current.life !== undefined) void run();
    });
  }
  return await current.crashable(line, `end of ${name}`, () => Promise.resolve(result));
}

function poisonedOrchestrators(): Readonly<Record<keyof typeof orchestrators, OrchestrationHandler>> {
  const entries = Object.entries(orchestrators).map(([name, story]) => [name, poisoned(story)]);
  return Object.fromEntries(entries) as Record<keyof typeof orchestrators, OrchestrationHandler>;
}

type Story = Generator<Task, unknown, unknown>;

/** The orchestrator as it is, with the real time out of its reach. */
function poisoned(handler: (context: OrchestrationContext) => unknown): OrchestrationHandler {
  return function* (context: OrchestrationContext): Story {
    const story = orchestrating(() => handler(context) as Story);
    let next = orchestrating(() => story.next());
    while (next.done !== true) {
      let answer: { value: unknown } | { error: unknown };
      try {
        answer = { value: yield next.value };
      } catch (error) {
        answer = { error };
      }
      const told = answer;
      next = orchestrating(() => ('error' in told ? story.throw(told.error) : story.next(told.value)));
    }
    return next.value;
  };
}
