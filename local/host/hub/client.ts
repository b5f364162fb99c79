import { eventType, historyEvent } from '../engine/history.ts';
import type { DurableOptions, HistoryEvent, InstanceFilter, InstanceStatus, StartRequest, TaskHub } from '../types.ts';
import { HubError } from './hub-error.ts';
import { type Control, type Instance, isFinished, newInstance, type StoredInstance } from './instance.ts';
import type { Change } from './instances.ts';
import { matches, page, statusOf } from './list.ts';
import { rewindChanges } from './rewind.ts';
import type { Runtime } from './runtime.ts';

type Accepted = 'accepted' | 'finished' | 'unknown';

/** The hub as its callers see it: every answer is given when what it tells is durable. */
export class Client implements TaskHub {
  readonly #runtime: Runtime;
  readonly #durable: DurableOptions;

  constructor(runtime: Runtime, durable: DurableOptions) {
    this.#runtime = runtime;
    this.#durable = durable;
  }

  async start(request: StartRequest): ReturnType<TaskHub['start']> {
    const { name, input = 'null' } = request;
    if (this.#runtime.functions.find('sub-orchestration', name) === undefined) return { state: 'unknown-function' };
    refuseOtherThanJson(input);
    const id = request.instanceId ?? this.#runtime.newId();
    const old = this.#runtime.instances.get(id);
    const overridable = this.#durable.overridableExistingInstanceStates === 'AnyState';
    if (old !== undefined && !isFinished(old) && !overridable) return { state: 'conflict' };
    await this.#create(this.#make({ ...request, instanceId: id, input }));
    return { state: 'started', instanceId: id };
  }

  async status(instanceId: string): Promise<InstanceStatus | undefined> {
    await this.#runtime.settled();
    const instance = this.#runtime.instances.get(instanceId);
    return instance === undefined ? undefined : statusOf(instance);
  }

  async history(instanceId: string): Promise<readonly HistoryEvent[] | undefined> {
    await this.#runtime.settled();
    const instance = this.#runtime.instances.get(instanceId);
    return instance === undefined ? undefined : [...instance.history];
  }

  async list(filter: InstanceFilter): ReturnType<TaskHub['list']> {
    await this.#runtime.settled();
    return page(this.#runtime.instances.all(), filter);
  }

  async raiseEvent(instanceId: string, name: string, input: string): Promise<Accepted> {
    refuseOtherThanJson(input);
    const event = historyEvent(eventType.eventRaised, this.#runtime.now, { Name: name, Input: input });
    return await this.#tell(instanceId, { change: 'message', id: instanceId, event });
  }

  async terminate(instanceId: string, reason: string): Promise<Accepted> {
    return await this.#control(instanceId, { kind: 'terminate', reason });
  }

  async suspend(instanceId: string, reason: string): Promise<Accepted> {
    return await this.#control(instanceId, { kind: 'suspend', reason });
  }

  async resume(instanceId: string, reason: string): Promise<Accepted> {
    return await this.#control(instanceId, { kind: 'resume', reason });
  }

  async rewind(instanceId: string, reason: string): ReturnType<TaskHub['rewind']> {
    const runtime = this.#runtime;
    const instance = runtime.instances.get(instanceId);
    if (instance === undefined) return 'unknown';
    if (instance.status !== 'Failed') return 'not-failed';
    const rewound: Instance[] = [];
    const find = (id: string): Instance | undefined => runtime.instances.get(id);
    const changes = rewindChanges({ instance, reason, at: runtime.now, find, newId: runtime.newId, rewound });
    await runtime.commit(changes);
    for (const each of rewound) {
      runtime.begin(each, [...each.open.values()]);
      runtime.wake(each.id);
    }
    return 'accepted';
  }

  async restart(instanceId: string, withNewId: boolean): ReturnType<TaskHub['restart']> {
    const old = this.#runtime.instances.get(instanceId);
    if (old === undefined) return { state: 'unknown' };
    if (!withNewId && !isFinished(old)) return { state: 'conflict' };
    const id = withNewId ? this.#runtime.newId() : instanceId;
    const version = old.version === undefined ? {} : { version: old.version };
    await this.#create(this.#make({ name: old.name, input: old.inputJson, instanceId: id, ...version }));
    return { state: 'started', instanceId: id };
  }

  async purge(instanceId: string): ReturnType<TaskHub['purge']> {
    const instance = this.#runtime.instances.get(instanceId);
    if (instance === undefined) return 'unknown';
    if (!isFinished(instance)) return 'running';
    await this.#purge([instance]);
    return 'purged';
  }

  async purgeMany(filter: InstanceFilter): Promise<number> {
    const all = [...this.#runtime.instances.all()];
    const chosen = all.filter((instance) => isFinished(instance) && matches(instance, filter));
    if (chosen.length > 0) await this.#purge(chosen);
    return chosen.length;
  }

  idle(): Promise<void> {
    return this.#runtime.idle();
  }

  stop(): Promise<void> {
    return this.#runtime.stop();
  }

  #make(request: StartRequest & { instanceId: string; input: string }): StoredInstance {
    return newInstance({
      id: request.instanceId,
      executionId: this.#runtime.newId(),
      name: request.name,
      version: request.version ?? this.#durable.defaultVersion,
      inputJson: request.input,
      parent: undefined,
      at: this.#runtime.now,
    });
  }

  /** An instance that is replaced takes its timers with it. */
  async #create(instance: StoredInstance): Promise<void> {
    this.#runtime.forget(instance.id);
    const durable = this.#runtime.commit([{ change: 'create', instance }]);
    this.#runtime.wake(instance.id);
    await durable;
  }

  async #purge(instances: readonly Instance[]): Promise<void> {
    await this.#runtime.commit(instances.map(({ id }) => ({ change: 'purge', id })));
    for (const { id } of instances) this.#runtime.forget(id);
  }

  #control(instanceId: string, control: Control): Promise<Accepted> {
    return this.#tell(instanceId, { change: 'control', id: instanceId, control });
  }

  async #tell(instanceId: string, change: Change): Promise<Accepted> {
    const instance = this.#runtime.instances.get(instanceId);
    if (instance === undefined) return 'unknown';
    if (isFinished(instance)) return 'finished';
    const durable = this.#runtime.commit([change]);
    this.#runtime.wake(instanceId);
    await durable;
    return 'accepted';
  }
}

function refuseOtherThanJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new HubError('an input is not JSON', { cause: error });
  }
}
