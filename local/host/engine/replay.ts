import type { HistoryEvent } from '../types.ts';
import type { Action, Answer, RetryOptions } from './answer.ts';
import { EventWaiters, type Misspelling } from './event-waiters.ts';
import { endedWork, endsInFailure, eventType, schedulesWork, textField } from './history.ts';
import { Step, whenAll, whenAny } from './step.ts';
import { Stragglers } from './stragglers.ts';
import { type NewWork, Refusal, type Unit, Units, type Work } from './units.ts';

export interface TimerLimits {
  /** A timer that is further away than this is made of several. */
  readonly longestMs: number;
  readonly segmentMs: number;
}

export interface ReplayRequest {
  /** The execution's events, the newest episode included. */
  readonly history: readonly HistoryEvent[];
  readonly answer: Answer;
  readonly executionId: string;
  readonly timers: TimerLimits;
  /** Why a function cannot be called; `undefined` when it can. */
  readonly objection: (kind: 'activity' | 'sub-orchestration', name: string) => string | undefined;
}

export interface Waiting {
  readonly state: 'waiting';
  readonly work: readonly Work[];
  readonly misspellings: readonly Misspelling[];
}

/** What has to happen after an episode. `work` is to be recorded and, unless the instance ends, begun. */
export type Decision =
  | Waiting
  | { readonly state: 'completed'; readonly work: readonly Work[]; readonly output: unknown }
  | { readonly state: 'continued'; readonly work: readonly Work[]; readonly input: unknown }
  | {
      readonly state: 'failed';
      /** Thrown by the orchestrator, or by the host because it cannot go on. */
      readonly by: 'orchestrator' | 'host';
      readonly work: readonly Work[];
      readonly error: string;
      readonly failureDetails?: unknown;
    };

/**
 * Replays the orchestrator's actions one after the other against the history, as the durable extension does: an action
 * begins when the one before it is done. Whatever was begun and is not in the history is new work.
 */
export function replay(request: ReplayRequest): Decision {
  try {
    return new Replay(request).run();
  } catch (error) {
    if (error instanceof Refusal) return { state: 'failed', by: 'host', work: [], error: error.message };
    throw error;
  }
}

class Replay {
  readonly #request: ReplayRequest;
  readonly #units = new Units();
  readonly #events = new EventWaiters();
  readonly #stragglers = new Stragglers();
  /** Long timers that were cancelled; their first segment must not fire. */
  readonly #cancelledLong = new Set<number>();
  #now = 0;
  #cursor = 0;
  #continued: { input: unknown } | undefined;

  constructor(request: ReplayRequest) {
    this.#request = request;
  }

  run(): Decision {
    for (const event of this.#request.history) this.#take(event);
    return this.#decide();
  }

  #take(event: HistoryEvent): void {
    if (event.EventType === eventType.orchestratorStarted) this.#now = Date.parse(event.Timestamp);
    else if (event.EventType === eventType.executionStarted) this.#advance();
    else if (event.EventType === eventType.eventRaised) this.#events.raise(textField(event, 'Name'));
    else if (schedulesWork(event)) this.#units.confirm(event);
    else this.#end(event);
  }

  #end(event: HistoryEvent): void {
    const id = endedWork(event);
    if (id === undefined) return;
    if (this.#cancelledLong.has(id)) throw new Refusal(cancelledLongTimer(id));
    this.#units.get(id)?.step.settle(endsInFailure(event) ? 'failed' : 'succeeded');
  }

  #advance(): void {
    const actions = this.#request.answer.actions;
    for (let action = actions[this.#cursor]; action !== undefined; action = actions[this.#cursor]) {
      this.#cursor += 1;
      const step = this.#beginListed(action);
      if (step.open) {
        step.whenDone(() => this.#advance());
        return;
      }
    }
    this.#cursor = Number.POSITIVE_INFINITY;
  }

  #beginListed(action: Action): Step {
    this.#stragglers.refuseRepeats(action);
    const step = this.#begin(action);
    this.#stragglers.close();
    return step;
  }

  #begin(action: Action): Step {
    switch (action.kind) {
      case 'activity':
        return this.#withRetry(action.retry, () => this.#call(action), action);
      case 'sub-orchestration':
        return this.#withRetry(action.retry, () => this.#callSub(action), action);
      case 'timer':
        return this.#timer(action);
      case 'event':
        return this.#events.wait(action.name);
      case 'any':
        return whenAny(action.actions.map((child) => this.#begin(child)));
      case 'all':
        return whenAll(action.actions.map((child) => this.#begin(child)));
      case 'continue-as-new':
        this.#continued = { input: action.input };
        return settled();
      case 'refused':
        throw new Refusal(action.reason);
    }
  }

  #call(action: Extract<Action, { kind: 'activity' }>): Step {
    this.#refuseUnknown('activity', action.name);
    return this.#track({ kind: 'activity', name: action.name, input: action.input }).step;
  }

  #callSub(action: Extract<Action, { kind: 'sub-orchestration' }>): Step {
    const { kind, name, input, version } = action;
    this.#refuseUnknown(kind, name);
    const instanceId = action.instanceId ?? `${this.#request.executionId}:${this.#units.nextId}`;
    return this.#track({ kind, name, instanceId, input, ...(version !== undefined && { version }) }).step;
  }

  #refuseUnknown(kind: 'activity' | 'sub-orchestration', name: string): void {
    const objection = this.#request.objection(kind, name);
    if (objection !== undefined) throw new Refusal(objection);
  }

  /** A timer follows every failed attempt, the last one too: only then does the library report the failure. */
  #withRetry(retry: RetryOptions | undefined, attempt: () => Step, action: Action): Step {
    const whole = new Step();
    const run = (number: number): void =>
      attempt().whenDone((step) => {
        if (!step.failed || retry === undefined) {
          whole.settle(step.failed ? 'failed' : 'succeeded');
          return;
        }
        this.#timerAt(this.#now + retryDelayMs(retry, number)).whenDone(() =>
          number < retry.attempts ? run(number + 1) : whole.settle('failed'),
        );
      });
    run(1);
    this.#stragglers.note(action, whole);
    return whole;
  }

  #timer(action: Extract<Action, { kind: 'timer' }>): Step {
    if (Number.isNaN(action.fireAt.getTime())) throw new Refusal('createTimer was given a date that is none');
    const step = action.cancelled ? this.#cancelledTimer(action.fireAt) : this.#timerAt(action.fireAt.getTime());
    this.#stragglers.note(action, step);
    return step;
  }

  #timerAt(fireAt: number): Step {
    const whole = new Step();
    if (fireAt - this.#now <= this.#request.timers.longestMs) return this.#segment(fireAt).step;
    const piece = (): void =>
      this.#segment(this.#nextSegmentEnd(fireAt)).step.whenDone(() =>
        this.#now < fireAt ? piece() : whole.settle('succeeded'),
      );
    piece();
    return whole;
  }

  #nextSegmentEnd(fireAt: number): number {
    const end = this.#now + this.#request.timers.segmentMs;
    return Math.min(fireAt, end);
  }

  #segment(fireAt: number): Unit {
    return this.#track({ kind: 'timer', fireAt: new Date(fireAt) });
  }

  /** The list says from its first replay on that it is cancelled, so that it is recorded and done at once. */
  #cancelledTimer(fireAt: Date): Step {
    const long = fireAt.getTime() - this.#now > this.#request.timers.longestMs;
    const unit = this.#segment(long ? this.#nextSegmentEnd(fireAt.getTime()) : fireAt.getTime());
    if (long) this.#cancelledLong.add(unit.work.id);
    unit.step.settle('succeeded');
    return unit.step;
  }

  #track(work: NewWork): Unit {
    return this.#units.add(work);
  }

  /** As on Azure, an orchestration ends only when nothing it has begun is still under way. */
  #decide(): Decision {
    const { answer } = this.#request;
    const work = this.#units.unrecorded();
    const listDone = this.#cursor === Number.POSITIVE_INFINITY;
    if (!listDone || this.#units.anyOpen || (!answer.done && answer.error === undefined)) {
      return { state: 'waiting', work, misspellings: this.#events.misspellings };
    }
    if (answer.error !== undefined) {
      return { state: 'failed', by: 'orchestrator', work, error: answer.error, failureDetails: answer.failureDetails };
    }
    if (this.#continued !== undefined) return { state: 'continued', work, input: this.#continued.input };
    return { state: 'completed', work, output: answer.output };
  }
}

export function retryDelayMs(retry: RetryOptions, failedAttempt: number): number {
  return Math.min(retry.firstIntervalMs * retry.backoff ** (failedAttempt - 1), retry.longestIntervalMs);
}

function settled(): Step {
  const step = new Step();
  step.settle('succeeded');
  return step;
}

function cancelledLongTimer(id: number): string {
  return (
    `The timer with the sequence number ${id} is longer than one timer may be and was cancelled; its first segment has ` +
    'fired nevertheless. On Azure the library and the extension count differently from here on. ' +
    'Wait in a loop with short timers instead.'
  );
}
