import { randomUUID } from 'node:crypto';
import { parseAnswer, typedValue } from '../engine/answer.ts';
import type { Misspelling } from '../engine/event-waiters.ts';
import { eventType, historyEvent, textField } from '../engine/history.ts';
import { type Decision, replay } from '../engine/replay.ts';
import type { Journal } from '../store/journal.ts';
import type { FunctionInfo, HistoryEvent, Invocation, TaskHubOptions } from '../types.ts';
import { Calls, type Ended } from './calls.ts';
import { conclude } from './conclude.ts';
import { applyControls } from './controls.ts';
import { DueQueue } from './due-queue.ts';
import { type Episode, nextEpisode, orchestratorInput, timerLimits } from './episode.ts';
import { activityFailure, failureFields } from './failure.ts';
import { DurableFunctions } from './functions.ts';
import { HubError, messageOf } from './hub-error.ts';
import { type Instance, isFinished, isRunnable } from './instance.ts';
import type { Change, Instances } from './instances.ts';
import { Lanes } from './lanes.ts';
import { Tally } from './tally.ts';
import { Timers } from './timers.ts';
import { versionObjection } from './versions.ts';

interface Outcome {
  readonly decision: Decision;
  readonly customStatus?: unknown;
}

/**
 * Moves instances: calls orchestrators and activities, writes down what came of it, and begins the work that follows once
 * that is durable. One instance is in one episode at a time.
 */
export class Runtime {
  readonly functions: DurableFunctions;
  readonly instances: Instances;
  readonly newId = (): string => randomUUID().replaceAll('-', '');
  readonly #options: TaskHubOptions;
  readonly #journal: Journal;
  readonly #tally = new Tally();
  readonly #timers: Timers;
  readonly #calls: Calls;
  readonly #episodes: Lanes;
  readonly #activities: Lanes;
  /** Instances with an episode that runs or waits for a lane. */
  readonly #moving = new Set<string>();
  /** Instances of a version that this host does not run, and that it was told to leave alone. */
  readonly #parked = new Set<string>();
  #stopped = false;

  constructor(options: TaskHubOptions, journal: Journal, instances: Instances) {
    this.#options = options;
    this.#journal = journal;
    this.instances = instances;
    this.functions = new DurableFunctions(options.worker);
    const due = new DueQueue(options.clock);
    this.#timers = new Timers(options.clock, due, (id, run, event) => this.#tell(id, run, event));
    this.#calls = new Calls(options, due);
    this.#episodes = new Lanes(options.durable.maxConcurrentOrchestratorFunctions);
    this.#activities = new Lanes(options.durable.maxConcurrentActivityFunctions);
  }

  get now(): Date {
    return this.#options.clock.now();
  }

  /** Takes up everything that an earlier process left. */
  takeUp(): void {
    for (const instance of this.instances.all()) {
      if (isFinished(instance)) continue;
      this.begin(instance, [...instance.open.values()]);
      this.wake(instance.id);
    }
  }

  /** Applies changes at once; resolves when they are durable. After `stop` nothing changes any more. */
  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#stopped) throw new HubError('the task hub has stopped');
    const done = this.#tally.begin();
    try {
      // The record is made before the changes are applied: it must not hold what later changes add to the same objects.
      const durable = this.#journal.append(changes);
      for (const change of changes) this.instances.apply(change);
      await durable;
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      done();
    }
  }

  settled(): Promise<void> {
    return this.#journal.settled();
  }

  idle(): Promise<void> {
    return this.#stopped ? Promise.resolve() : this.#tally.idle();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.stop();
    this.#episodes.clear();
    this.#activities.clear();
    await this.#journal.close();
  }

  /** Lets an instance have its next episode, unless it is in one: then that looks again when it ends. */
  wake(id: string): void {
    const instance = this.instances.get(id);
    if (this.#stopped || instance === undefined || !isRunnable(instance)) return;
    if (this.#moving.has(id) || (this.#parked.has(id) && instance.controls.length === 0)) return;
    this.#moving.add(id);
    const done = this.#tally.begin();
    this.#episodes.add(async () => {
      await this.#move(id).catch((error) => this.#fail(error));
      this.#moving.delete(id);
      this.wake(id);
      done();
    });
  }

  /** Begins scheduled work. */
  begin(instance: Instance, scheduled: readonly HistoryEvent[]): void {
    for (const event of scheduled) {
      if (event.EventType === eventType.taskScheduled) this.#queueActivity(instance, event);
      else if (event.EventType === eventType.timerCreated) this.#timers.set(instance, event);
      else this.wake(textField(event, 'InstanceId'));
    }
  }

  /** The instance has ended or is gone: its timers are not wanted any more. */
  forget(id: string): void {
    this.#timers.forget(id);
    this.#parked.delete(id);
  }

  async #move(id: string): Promise<void> {
    const instance = this.instances.get(id);
    if (instance === undefined || !isRunnable(instance)) return;
    if (instance.controls.length > 0) {
      this.#write(instance, applyControls(instance, this.now));
      return;
    }
    const objection = versionObjection(instance.version, this.#options.durable);
    if (objection !== undefined && this.#options.durable.versionFailureStrategy === 'Reject') {
      this.#parked.add(id);
      this.#options.log('warning', `durable: instance ${id} waits for another host: ${objection}`);
      return;
    }
    await this.#episode(instance, objection ?? this.functions.objection('sub-orchestration', instance.name));
  }

  async #episode(instance: Instance, objection: string | undefined): Promise<void> {
    const episode = nextEpisode(instance, this.now);
    const orchestrator = this.functions.find('sub-orchestration', instance.name);
    if (objection !== undefined || orchestrator === undefined) {
      this.#conclude(instance, episode, { decision: failedByHost(objection ?? '') });
      return;
    }
    const input = { string: orchestratorInput(instance, episode) };
    const result = await this.#invoke(orchestrator, { [orchestrator.trigger.name]: input }, instance.id);
    // Meanwhile a start may have replaced the instance.
    if (this.instances.get(instance.id) !== instance) return;
    this.#conclude(instance, episode, this.#decide(instance, episode, result));
  }

  #decide(instance: Instance, episode: Episode, result: Ended): Outcome {
    try {
      return this.#replay(instance, episode, result);
    } catch (error) {
      return { decision: failedByHost(`the local host cannot replay this orchestration: ${messageOf(error)}`) };
    }
  }

  #replay(instance: Instance, episode: Episode, result: Ended): Outcome {
    const parsed = parseAnswer(result);
    if (parsed.state === 'broken') {
      return { decision: { state: 'failed', by: 'orchestrator', work: [], error: parsed.reason } };
    }
    const decision = replay({
      history: [...instance.history, ...episode.events],
      answer: parsed.answer,
      executionId: instance.executionId,
      timers: timerLimits,
      objection: (kind, name) => this.functions.objection(kind, name),
    });
    if (decision.state === 'waiting') this.#warnOfCase(episode, decision.misspellings);
    return { decision, customStatus: parsed.answer.customStatus };
  }

  /** Told once, in the episode that brought the event: nothing else will ever happen because of it. */
  #warnOfCase(episode: Episode, misspellings: readonly Misspelling[]): void {
    for (const { awaited, raised } of misspellings) {
      if (!episode.events.some((event) => textField(event, 'Name') === raised)) continue;
      this.#options.log(
        'warning',
        `durable: instance ${episode.instanceId} waits for event '${awaited}' and got '${raised}': ` +
          'the library distinguishes case, and does not take it',
      );
    }
  }

  #conclude(instance: Instance, episode: Episode, outcome: Outcome): void {
    const { defaultVersion } = this.#options.durable;
    const changes = conclude({
      instance,
      episode,
      ...outcome,
      ...(defaultVersion !== undefined && { defaultVersion }),
      newId: this.newId,
      find: (id) => this.instances.get(id),
    });
    this.#write(instance, changes);
  }

  /** What follows from the changes happens when they are durable; the instance need not wait for that. */
  #write(instance: Instance, changes: readonly Change[]): void {
    void this.#follow(instance, changes).catch((error) => this.#fail(error));
  }

  async #follow(instance: Instance, changes: readonly Change[]): Promise<void> {
    const done = this.#tally.begin();
    await this.commit(changes);
    for (const change of changes) {
      if (change.change === 'message') this.wake(change.id);
      if (change.change === 'turn' && !isFinished(instance)) this.begin(instance, scheduledBy(instance, change.events));
    }
    if (isFinished(instance)) this.forget(instance.id);
    done();
  }

  #queueActivity(instance: Instance, scheduled: HistoryEvent): void {
    const { id, executionId } = instance;
    const done = this.#tally.begin();
    this.#activities.add(async () => {
      await this.#activity(id, executionId, scheduled).catch((error) => this.#fail(error));
      done();
    });
  }

  async #activity(id: string, run: string, scheduled: HistoryEvent): Promise<void> {
    const name = textField(scheduled, 'Name');
    const activity = this.functions.find('activity', name);
    const end =
      activity === undefined
        ? failedEnd(name, this.functions.objection('activity', name) ?? '')
        : activityEnd(name, await this.#invoke(activity, activityInputs(activity, scheduled), id));
    this.#tell(id, run, historyEvent(end.type, this.now, { TaskScheduledId: scheduled.EventId, ...end.fields }));
  }

  #invoke(target: FunctionInfo, inputs: Invocation['inputs'], instanceId: string): Promise<Ended> {
    const triggerMetadata = { instanceId: { string: instanceId } };
    return this.#calls.untilEnded({ functionName: target.name, inputs, triggerMetadata }, instanceId);
  }

  /** Hands the end of some work to its instance, which may go on before it is durable: its own record comes after. */
  #tell(id: string, run: string, event: HistoryEvent): void {
    void this.commit([{ change: 'message', id, run, event }]).catch((error) => this.#fail(error));
    this.wake(id);
  }

  /** Without its journal a hub must not go on: what it did could not be known later. */
  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#timers.stop();
    this.#options.log('error', `durable: the task hub stops: ${messageOf(error)}`);
  }
}

function scheduledBy(instance: Instance, events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  return events.filter((event) => instance.open.get(event.EventId) === event);
}

function failedByHost(error: string): Decision {
  return { state: 'failed', by: 'host', work: [], error };
}

/** The history holds the argument list; the trigger gets the argument. Text is JSON already: the library has quoted it. */
function activityInputs(activity: FunctionInfo, scheduled: HistoryEvent): Invocation['inputs'] {
  const [input]: unknown[] = JSON.parse(textField(scheduled, 'Input'));
  return { [activity.trigger.name]: { string: typeof input === 'string' ? input : JSON.stringify(input) } };
}

interface ActivityEnd {
  readonly type: typeof eventType.taskCompleted | typeof eventType.taskFailed;
  readonly fields: Readonly<Record<string, unknown>>;
}

function activityEnd(name: string, result: Ended): ActivityEnd {
  if (result.state === 'failed') return failedEnd(name, result.message, result.stack);
  return { type: eventType.taskCompleted, fields: { Result: JSON.stringify(typedValue(result.returnValue) ?? null) } };
}

function failedEnd(name: string, message: string, stack?: string): ActivityEnd {
  return { type: eventType.taskFailed, fields: failureFields(activityFailure(name, message, stack)) };
}
