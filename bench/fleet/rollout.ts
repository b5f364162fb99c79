import type { TrafficSum } from '../../local/arm/traffic.ts';
import type { HistoryEvent, TaskHub } from '../../local/host/types.ts';
import { RenewalError } from '../../src/errors.ts';
import type { VirtualMachineTarget } from '../../src/plan/targets/virtual-machine.ts';
import { startRenewal } from '../../src/renewal/start.ts';
import { openBench } from '../../test/replay/bench.ts';
import { type Fleet, type FleetStage, openFleet, replaceCurrent } from './stage.ts';

/** How a fleet got its certificate. */
export interface Rollout {
  readonly fleet: Fleet;
  readonly arm: TrafficSum;
  /** From the first write to the last machine that was seen with the new version, on the virtual clock. */
  readonly makespanSeconds: number;
  /** CPU and waiting of this process. */
  readonly realSeconds: number;
  /** Longest history of any orchestration, and the largest one as JSON. */
  readonly events: number;
  readonly bytes: number;
}

const JUMPS = 200_000;

/** The product's orchestrators and adapter. */
export async function productRollout(fleet: Fleet): Promise<Rollout> {
  const stage = await openFleet(fleet);
  const span = watchWrites(stage);
  const bench = await openBench(stage.world, {
    adapters: { target: () => stage.adapter },
    keepsCalls: false,
  });
  const began = performance.now();
  const asked = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false } as const;
  const started = await startRenewal(asked, bench.app);
  if (started.state !== 'started') throw new TypeError(`bench: not started: ${JSON.stringify(started)}`);
  await jumpUntil(stage, async () => {
    await bench.hub.idle();
    return (await bench.hub.status(started.renewalId))?.runtimeStatus === 'Completed';
  });
  const { output } = (await bench.hub.status(started.renewalId)) ?? {};
  const { outcome, detail } = output as { readonly outcome?: string; readonly detail?: string };
  if (outcome !== 'renewed') throw new TypeError(`bench: ${outcome}: ${detail}`);
  const realSeconds = (performance.now() - began) / 1000;
  return { ...ended(stage, span()), fleet, realSeconds, ...(await largest(bench.hub)) };
}

/** Everything at once, as a client library does it: wait as long as one is told, look every ten seconds. */
export async function naiveRollout(fleet: Fleet): Promise<Rollout> {
  const stage = await openFleet(fleet);
  const span = watchWrites(stage);
  const version = await replaceCurrent(stage.world);
  const began = performance.now();
  let left = fleet.machines;
  const one = async (target: VirtualMachineTarget): Promise<void> => {
    await patiently(stage, () => stage.adapter.deploy(target, version));
    for (let isServed = false; !isServed; ) {
      await after(stage, LOOK_SECONDS);
      const probe = await patiently(stage, () => stage.adapter.probe(target, { purpose: 'verify', version }));
      isServed = probe.state === 'served';
    }
    left -= 1;
  };
  const all = Promise.all(stage.targets.map(one));
  await jumpUntil(stage, async () => {
    await turn();
    return left === 0;
  });
  await all;
  return { ...ended(stage, span()), fleet, realSeconds: (performance.now() - began) / 1000, events: 0, bytes: 0 };
}

const LOOK_SECONDS = 10;

/** What ARM refuses for now is asked again when it says so. */
async function patiently<T>(stage: FleetStage, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RenewalError) || !error.retry) throw error;
      await after(stage, error.retryAfterSeconds ?? LOOK_SECONDS);
    }
  }
}

function after({ world: { clock } }: FleetStage, seconds: number): Promise<void> {
  return new Promise((resolve) => void clock.at(new Date(clock.now().getTime() + seconds * 1000), resolve));
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Jumps from one due moment to the next, with everything done that one moment brings, until `isOver`. */
async function jumpUntil({ world: { clock }, compute }: FleetStage, isOver: () => Promise<boolean>): Promise<void> {
  for (let jump = 0; jump < JUMPS; jump++) {
    await compute.settled();
    if (await isOver()) return;
    const next = clock.next();
    if (next === undefined) throw new TypeError('bench: the rollout stands still');
    clock.advance(next.getTime() - clock.now().getTime());
  }
  throw new TypeError(`bench: the rollout has not ended after ${JUMPS} jumps`);
}

/** From the first command on; asked when everything is over. */
function watchWrites({ world: { clock }, compute }: FleetStage): () => number {
  return () => {
    const begun = compute
      .machines()
      .flatMap(({ commands }) => [...commands.values()].map(({ startedAt }) => startedAt));
    return (clock.now().getTime() - Math.min(...begun.map((at) => at.getTime()))) / 1000;
  };
}

function ended(stage: FleetStage, makespanSeconds: number): Pick<Rollout, 'arm' | 'makespanSeconds'> {
  const [first, ...others] = new Set(stage.used());
  if (first === undefined || others.length > 0) throw new TypeError('bench: not every machine uses the new version');
  return { arm: stage.traffic.sum(), makespanSeconds };
}

async function largest(hub: TaskHub): Promise<Pick<Rollout, 'events' | 'bytes'>> {
  let [events, bytes] = [0, 0];
  let token: string | undefined;
  do {
    const page = await hub.list(token === undefined ? {} : { continuationToken: token });
    for (const { instanceId } of page.instances) {
      const history: readonly HistoryEvent[] = (await hub.history(instanceId)) ?? [];
      events = Math.max(events, history.length);
      bytes = Math.max(bytes, Buffer.byteLength(JSON.stringify(history)));
    }
    token = page.continuationToken;
  } while (token !== undefined);
  return { events, bytes };
}
