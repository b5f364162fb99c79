import hostFile from '../../../host.json' with { type: 'json' };
import { eventType } from '../../../local/host/engine/history.ts';
import { Client } from '../../../local/host/hub/client.ts';
import { type Change, Instances } from '../../../local/host/hub/instances.ts';
import { Runtime } from '../../../local/host/hub/runtime.ts';
import type { Journal } from '../../../local/host/store/journal.ts';
import type { DurableOptions, TaskHub, Worker } from '../../../local/host/types.ts';
import type { World } from './world.ts';

const { durableTask } = hostFile.extensions;
export const durable: DurableOptions = {
  hubName: durableTask.hubName,
  defaultVersion: durableTask.defaultVersion,
  versionMatchStrategy: 'CurrentOrOlder',
  versionFailureStrategy: 'Reject',
  overridableExistingInstanceStates: 'NonRunningStates',
  maxConcurrentActivityFunctions: 10,
  maxConcurrentOrchestratorFunctions: 10,
};

/** What the hub's store holds for good: it outlives every host. */
export interface HubStore {
  readonly records: string[];
}

/** One life of the host: the real task hub over a store in memory that takes its time. */
export interface Hub {
  readonly client: TaskHub;
  readonly instances: Instances;
  isAlive: boolean;
  kill(): void;
  /** Forgets an instance, history and all, whether it runs or not. */
  lose(instanceId: string): Promise<void>;
}

export function openHub(world: World, store: HubStore, workerOf: (hub: () => Hub) => Worker): Hub {
  const instances = new Instances();
  for (const record of store.records) {
    for (const change of JSON.parse(record) as readonly Change[]) instances.apply(change);
  }
  const holder: { hub?: Hub } = {};
  const current = (): Hub => {
    if (holder.hub === undefined) throw new TypeError('the hub is not open yet');
    return holder.hub;
  };
  const journal = new SimJournal(world, store, () => holder.hub?.isAlive ?? true);
  const runtime = new Runtime(
    {
      worker: workerOf(current),
      clock: hubClock(world),
      durable,
      log: (level, text) => world.trace(() => `hub ${level}: ${text}`),
    },
    journal,
    instances,
  );
  const hub: Hub = {
    client: new Client(runtime, durable),
    instances,
    isAlive: true,
    kill() {
      hub.isAlive = false;
      void runtime.stop();
    },
    lose(instanceId) {
      runtime.forget(instanceId);
      return runtime.commit([{ change: 'purge', id: instanceId }]);
    },
  };
  holder.hub = hub;
  journal.onCompletion = (change) => repeatCompletion(world, hub, { runtime, change });
  runtime.takeUp();
  return hub;
}

/** A durable timer may fire late; never early. */
function hubClock(world: World): { now: () => Date; at: (due: Date, wake: () => void) => () => void } {
  return {
    now: () => world.clock.now(),
    at(due, wake) {
      const lag = world.faults.strikes('host.late-timer', 'hub')
        ? world.dice.scale('timer lag', 1000, 6 * 3_600_000)
        : 0;
      return world.clock.at(new Date(due.getTime() + lag), wake);
    },
  };
}

function repeatCompletion(world: World, hub: Hub, { runtime, change }: { runtime: Runtime; change: Change }): void {
  if (!world.faults.strikes('host.dup-completion', 'hub')) return;
  world.clock.after(world.dice.scale('repeat', 10, 600_000), () => {
    if (!hub.isAlive) return;
    void runtime.commit([structuredClone(change)]);
    if (change.change === 'message') runtime.wake(change.id);
  });
}

/** Records become durable one after the other, a little later; what was not when the host died is lost. */
class SimJournal implements Journal {
  readonly syncs = 0;
  readonly #world: World;
  readonly #store: HubStore;
  readonly #isAlive: () => boolean;
  #last: Promise<void> = Promise.resolve();
  #due = 0;
  onCompletion: (change: Change) => void = () => undefined;

  constructor(world: World, store: HubStore, isAlive: () => boolean) {
    this.#world = world;
    this.#store = store;
    this.#isAlive = isAlive;
  }

  append(record: unknown): Promise<void> {
    const text = JSON.stringify(record);
    const { clock, dice } = this.#world;
    this.#due = Math.max(this.#due, clock.milliseconds + dice.integer('store latency', 1, 30)) + 1;
    this.#last = new Promise((resolve) => {
      clock.at(new Date(this.#due), () => {
        if (!this.#isAlive()) return;
        this.#store.records.push(text);
        this.#saw(JSON.parse(text) as readonly Change[]);
        resolve();
      });
    });
    return this.#last;
  }

  settled(): Promise<void> {
    return this.#last;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #saw(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#world.see('change', change);
      if (change.change === 'message' && change.event.EventType === eventType.taskCompleted) this.onCompletion(change);
    }
  }
}
