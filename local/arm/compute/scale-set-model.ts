import type { OperationEnd, Operations } from '../operations.ts';
import { parseResourceId } from '../resource-id.ts';
import type { Compute } from './compute.ts';
import type { Machine } from './types.ts';

/** How long a write of the model takes, and each batch of instances to take it over. */
const MODEL_SECONDS = 5;
const BATCH_SECONDS = 20;
/** Azure's default of `maxBatchInstancePercent`. */
const BATCH_PERCENT = 20;

export interface ModelExtension {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface ScaleSet {
  readonly resourceId: string;
  readonly location: string;
  readonly orchestrationMode: 'Uniform' | 'Flexible';
  /** Absent: `Manual`. */
  readonly upgradeMode?: 'Manual' | 'Automatic' | 'Rolling';
  /** Of the model. */
  readonly extensions?: readonly ModelExtension[];
  /** `osProfile.secrets` of the model: what instances are made with. */
  readonly secrets?: readonly unknown[];
}

/** What `rollingUpgrades/latest` tells. */
export interface RollingUpgrade {
  readonly startTime: Date;
  readonly code: 'RollingForward' | 'Completed' | 'Cancelled' | 'Faulted';
  readonly done: number;
  readonly failed: number;
  readonly pending: number;
  readonly error?: { readonly code: string; readonly message: string };
}

type Headers = Readonly<Record<string, string>>;

interface Job {
  readonly batches: readonly (readonly Machine[])[];
  readonly isRolling: boolean;
  stop: () => void;
  end?: OperationEnd;
}

const succeeded: OperationEnd = { status: 'Succeeded' };
const preempted: OperationEnd = {
  status: 'Failed',
  code: 'OperationPreempted',
  message: 'Operation execution has been preempted by a more recent operation.',
};
const tooManyUnhealthy = {
  code: 'MaxUnhealthyUpgradedInstancePercentExceededInRollingUpgrade',
  message:
    'Rolling Upgrade failed after exceeding the MaxUnhealthyUpgradedInstancePercent value defined in the RollingUpgradePolicy.',
} as const;

/** The model of one set over the machines of `compute`, and which of its instances have it. */
export class Model {
  readonly set: ScaleSet;
  readonly #compute: Compute;
  readonly #operations: Operations;
  readonly #jobs = new Set<Job>();
  /** Absent: made since, and so of the latest model. */
  readonly #applied = new WeakMap<Machine, number>();
  readonly #failed = new WeakSet<Machine>();
  #extensions: readonly ModelExtension[];
  #version = 0;
  #hasFailed = false;
  #upgrade: RollingUpgrade | undefined;

  constructor(set: ScaleSet, compute: Compute, operations: Operations) {
    this.set = set;
    this.#compute = compute;
    this.#operations = operations;
    this.#extensions = set.extensions ?? [];
  }

  get extensions(): readonly ModelExtension[] {
    return this.#extensions;
  }

  get state(): 'Succeeded' | 'Updating' | 'Failed' {
    if (this.#jobs.size > 0) return 'Updating';
    return this.#hasFailed ? 'Failed' : 'Succeeded';
  }

  get rollingUpgrade(): RollingUpgrade | undefined {
    return this.#upgrade;
  }

  members(): readonly Machine[] {
    return this.#compute.machines().filter((machine) => isOf(this.set, machine));
  }

  hasLatest(machine: Machine): boolean {
    return (this.#applied.get(machine) ?? this.#version) === this.#version;
  }

  /** `Failed`: its last upgrade did not end well. */
  stateOf(machine: Machine): 'Succeeded' | 'Failed' {
    return this.#failed.has(machine) ? 'Failed' : 'Succeeded';
  }

  /**
   * Merges into an extension that is there; then the upgrade policy decides. What was under way is preempted: the instances
   * that it had not reached are this write's.
   */
  write({ name, properties }: ModelExtension): Headers {
    const before = this.#extensions;
    this.#extensions = before.map((one) =>
      one.name.toLowerCase() === name.toLowerCase()
        ? { ...one, properties: { ...one.properties, ...properties } }
        : one,
    );
    this.cancel();
    if (JSON.stringify(before) !== JSON.stringify(this.#extensions)) this.#change();
    const behind = this.members().filter((machine) => !this.hasLatest(machine));
    if (behind.length === 0) return this.#start([], false);
    if (this.set.upgradeMode === 'Automatic') return this.#start([behind], false);
    if (this.set.upgradeMode !== 'Rolling') return this.#start([], false);
    const counts = { done: 0, failed: 0, pending: behind.length };
    this.#upgrade = { startTime: this.#compute.options.clock.now(), code: 'RollingForward', ...counts };
    return this.#start(batchesOf(behind), true);
  }

  #change(): void {
    for (const machine of this.members()) if (!this.#applied.has(machine)) this.#applied.set(machine, this.#version);
    this.#version += 1;
  }

  /** The upgrade of instances that are named: `manualupgrade`. */
  upgrade(machines: readonly Machine[]): Headers {
    return this.#start([machines], false);
  }

  /** What was not begun stays as it is. */
  cancel(): void {
    for (const job of [...this.#jobs]) this.#end(job, preempted);
  }

  #start(batches: Job['batches'], isRolling: boolean): Headers {
    const { clock } = this.#compute.options;
    const job: Job = { batches, isRolling, stop: () => undefined };
    this.#jobs.add(job);
    if (batches.length > 0) this.#later(job, 0);
    else {
      const due = new Date(clock.now().getTime() + MODEL_SECONDS * 1000);
      job.stop = clock.at(due, () => this.#end(job, succeeded));
    }
    return this.#operations.begin({
      subscription: parseResourceId(this.set.resourceId).subscription,
      provider: 'Microsoft.Compute',
      location: this.set.location,
      seconds: MODEL_SECONDS + batches.length * BATCH_SECONDS,
      finish: () => job.end ?? succeeded,
    }).headers;
  }

  #later(job: Job, at: number): void {
    const { clock } = this.#compute.options;
    const due = new Date(clock.now().getTime() + BATCH_SECONDS * 1000);
    job.stop = clock.at(due, () => this.#compute.track(this.#takeBatch(job, at)));
  }

  async #takeBatch(job: Job, at: number): Promise<void> {
    const batch = job.batches[at] ?? [];
    const taken = await Promise.all(batch.map((machine) => this.#takeOver(machine)));
    const good = taken.filter(Boolean).length;
    const bad = taken.length - good;
    if (job.isRolling && this.#upgrade !== undefined) {
      const { done, failed, pending } = this.#upgrade;
      const counts = { done: done + good, failed: failed + bad, pending: pending - batch.length };
      this.#upgrade = { ...this.#upgrade, ...counts };
    }
    if (job.end !== undefined) return;
    if (bad > 0) this.#end(job, { status: 'Failed', ...tooManyUnhealthy });
    else if (at + 1 === job.batches.length) this.#end(job, succeeded);
    else this.#later(job, at + 1);
  }

  async #takeOver(machine: Machine): Promise<boolean> {
    if (machine.faults.has('no-agent')) {
      this.#failed.add(machine);
      return false;
    }
    // An extension that lies says that it has begun anew, and reads nothing.
    if (!machine.faults.has('lies')) await this.#compute.pull(machine);
    this.#applied.set(machine, this.#version);
    this.#failed.delete(machine);
    return true;
  }

  #end(job: Job, how: OperationEnd): void {
    job.end = how;
    job.stop();
    this.#jobs.delete(job);
    this.#hasFailed = how.status !== 'Succeeded';
    if (!job.isRolling || this.#upgrade?.code !== 'RollingForward') return;
    if (how.status === 'Succeeded') this.#upgrade = { ...this.#upgrade, code: 'Completed' };
    else if (how === preempted) this.#upgrade = { ...this.#upgrade, code: 'Cancelled' };
    else this.#upgrade = { ...this.#upgrade, code: 'Faulted', error: tooManyUnhealthy };
  }
}

/** Of uniform sets the machines below the set, of flexible ones those that say so. */
export function isOf({ resourceId, orchestrationMode }: ScaleSet, machine: Machine): boolean {
  if (orchestrationMode === 'Flexible') return machine.scaleSet?.toLowerCase() === resourceId.toLowerCase();
  return machine.resourceId.toLowerCase().startsWith(`${resourceId}/virtualMachines/`.toLowerCase());
}

function batchesOf(machines: readonly Machine[]): readonly (readonly Machine[])[] {
  const size = Math.max(1, Math.floor((machines.length * BATCH_PERCENT) / 100));
  return Array.from({ length: Math.ceil(machines.length / size) }, (_, at) =>
    machines.slice(at * size, (at + 1) * size),
  );
}
