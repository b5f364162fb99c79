import type { OrchestrationContext, Task } from 'durable-functions';
import type { ErrorCode } from '../errors.ts';
import type { Reason } from './outcomes.ts';
import {
  type Ended,
  isEnded,
  type StepAnswer,
  type StepCall,
  type StepInput,
  type StepName,
  type StepOutput,
} from './story.ts';

/** A part of an orchestration: it yields durable tasks and answers with `T`. */
export type Story<T> = Generator<Task, T, unknown>;

/** Seconds before each further try of a step; after the last one the renewal ends and the certificate backs off. */
const RETRY_SECONDS = [2, 5, 10, 20, 60, 120, 300, 600, 900] as const;
const LONGEST_RETRY_SECONDS = 6 * 3600;

/** Whose step it is, and what to call when it waits for its next try, and when it has waited. */
export interface Performer {
  readonly context: OrchestrationContext;
  readonly renewalId: string;
  readonly vault: string;
  readonly certificate: string;
  readonly traceparent?: string | undefined;
  readonly onWait?: (waitingFor: string, until: Date) => void;
  readonly onGoOn?: () => void;
}

/** A child continues as new after this many waits: with the retries of one more step its history stays near 200 events. */
const WAITS_A_HISTORY = 12;

/** The performer of a child orchestration: shows what it waits for, and knows when its history has become long. */
export class ChildPerformer implements Performer {
  readonly context: OrchestrationContext;
  readonly renewalId: string;
  readonly vault: string;
  readonly certificate: string;
  readonly traceparent: string | undefined;
  #waits = 0;

  constructor(
    context: OrchestrationContext,
    of: Pick<Performer, 'renewalId' | 'vault' | 'certificate' | 'traceparent'>,
  ) {
    this.context = context;
    this.renewalId = of.renewalId;
    this.vault = of.vault;
    this.certificate = of.certificate;
    this.traceparent = of.traceparent;
  }

  /** Waits are counted, not rounds: a round that is retried is as long as many. */
  get historyIsLong(): boolean {
    return this.#waits >= WAITS_A_HISTORY;
  }

  onWait(waitingFor: string, until: Date): void {
    this.#waits += 1;
    this.context.df.setCustomStatus({ waitingFor, nextAttemptAt: until.toISOString() });
  }
}

/** What a step is asked, without the `StepCall` that `perform` adds. */
type Asks<S extends StepName> = Omit<StepInput<S>, keyof StepCall>;

/**
 * Runs a step until it is done or ended. `again` is tried anew after its `retryAfterSeconds`, else by the table, and at
 * most as often as the table is long: then the renewal ends as `failed` with the error's reason.
 */
export function* perform<S extends StepName>(who: Performer, step: S, asks: Asks<S>): Story<StepOutput<S> | Ended> {
  for (let attempt = 1; ; attempt++) {
    const answer = (yield who.context.df.callActivity(step, call(who, asks, attempt))) as StepAnswer<StepOutput<S>>;
    if (answer.state === 'done') return answer.value;
    if (answer.state === 'ended') return pick(answer);
    const tableSeconds = RETRY_SECONDS[attempt - 1];
    if (tableSeconds === undefined) {
      return { outcome: 'failed', outcomeReason: reasonOf(answer.code), detail: answer.detail };
    }
    const seconds = Math.min(Math.max(answer.retryAfterSeconds ?? 0, tableSeconds), LONGEST_RETRY_SECONDS);
    yield* pause(who, seconds, answer.code);
  }
}

/** The one try of a step whose end nothing hangs on: it answers with a `StepAnswer`. */
export function firstTry<S extends StepName>(who: Performer, step: S, asks: Asks<S>): Task {
  return who.context.df.callActivity(step, call(who, asks, 1));
}

/**
 * A child orchestration of the same version as its parent: a renewal lives by one version from its first step to its
 * last, also when the app was deployed anew in between. `id` absent: the host gives one.
 */
export function callChild(context: OrchestrationContext, name: string, call: ChildCall): Task {
  return context.df.callSubOrchestrator(name, call.input, call.id, context.df.version);
}

/** Whether this renewal was begun by the first version of the orchestrations, and goes on by it to its end. */
export function isVersionOne(context: OrchestrationContext): boolean {
  return context.df.version === '1.0';
}

interface ChildCall {
  readonly input: unknown;
  readonly id?: string;
}

/** Waits `seconds` in a durable timer. */
export function* pause(who: Performer, seconds: number, waitingFor: string): Story<void> {
  const until = new Date(who.context.df.currentUtcDateTime.getTime() + seconds * 1000);
  who.onWait?.(waitingFor, until);
  yield who.context.df.createTimer(until);
  who.onGoOn?.();
}

/** Runs a step and drops how it ended: for records that must not change the outcome. */
export function* performAnyway<S extends StepName>(
  who: Performer,
  step: S,
  asks: Asks<S>,
): Story<StepOutput<S> | undefined> {
  const answer = yield* perform(who, step, asks);
  return isEnded(answer) ? undefined : answer;
}

function call<S extends StepName>(who: Performer, asks: Asks<S>, attempt: number): StepInput<S> {
  return { ...whoseOf(who), attempt, ...asks } as StepInput<S>;
}

/** Whose step or child it is. A renewal that began without a trace has none to the end: its history knows no such member. */
export function whoseOf(who: Pick<Performer, 'renewalId' | 'vault' | 'certificate' | 'traceparent'>) {
  const { renewalId, vault, certificate, traceparent } = who;
  return { renewalId, vault, certificate, ...(traceparent !== undefined && { traceparent }) };
}

/** What a caught error says, short enough for a history. */
export function problemOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').slice(0, 300);
}

function pick(ended: Ended): Ended {
  return { outcome: ended.outcome, outcomeReason: ended.outcomeReason, detail: ended.detail };
}

const REASONS: Partial<Record<ErrorCode, Reason>> = {
  'vault-unreachable': 'vault-unreachable',
  'vault-throttled': 'vault-unreachable',
  'issuer-unreachable': 'issuer-unreachable',
  'issuer-throttled': 'issuer-unreachable',
  'vault-forbidden': 'vault-forbidden',
  'arm-forbidden': 'arm-forbidden',
};

/** The reason a renewal ends with when a step could not get over this error. */
export function reasonOf(code: ErrorCode): Reason {
  return REASONS[code] ?? 'step-failed';
}
