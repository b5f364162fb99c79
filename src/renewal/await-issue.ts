import type { OrchestrationContext } from 'durable-functions';
import { ChildPerformer, callChild, type Performer, pause, perform, type Story, whoseOf } from './perform.ts';
import type { RenewalProgress } from './progress.ts';
import { type Ended, isEnded, type Polled } from './story.ts';

/** An order to wait for, and until when: waiting is useless once the old certificate has expired for a while. */
interface AwaitedOrder {
  readonly reference: string;
  readonly issuer: string;
  /** notAfter of the certificate that is to be replaced. ISO 8601. */
  readonly notAfter: string;
}

/** What the waiting orchestration carries from one history to the next. */
export interface WaitInput extends AwaitedOrder {
  readonly renewalId: string;
  readonly vault: string;
  readonly certificate: string;
  readonly traceparent?: string;
  readonly round: number;
  readonly firstWaitSeconds: number;
  /** ISO 8601. */
  readonly giveUpAt: string;
}

type Issued = Extract<Polled, { state: 'issued' }>;

const LONGEST_WAIT_SECONDS = 6 * 3600;
const SHORTEST_WAIT_SECONDS = 1;
/** An issuer may take as long as the old certificate lives, and 30 days at the least: an expired one is still worth renewing. */
const PATIENCE_DAYS = 30;

/** Polls once; an issuer that needs longer is waited for in an orchestration of its own, whose history stays small. */
export function* awaitIssue(renewal: RenewalProgress, order: AwaitedOrder): Story<Issued | Ended> {
  const first = yield* poll(renewal, order, 1);
  if (isEnded(first) || first.state === 'issued') return first;
  renewal.waitsFor('issuer');
  const input: WaitInput = {
    ...order,
    ...whoseOf(renewal),
    round: 2,
    firstWaitSeconds: first.retryAfterSeconds,
    giveUpAt: giveUpAt(order, renewal.now()).toISOString(),
  };
  return (yield callChild(renewal.context, 'waitForIssuer', { input, id: `${renewal.renewalId}-issue` })) as
    | Issued
    | Ended;
}

/** Polls until the issuer has decided, the renewal is cancelled, or the time is over. */
export function* waitForIssuer(context: OrchestrationContext): Story<Issued | Ended | undefined> {
  const input = context.df.getInput<WaitInput>();
  const who = new ChildPerformer(context, input);
  let { round, firstWaitSeconds: waitSeconds } = input;
  for (; !who.historyIsLong; round++) {
    if (context.df.currentUtcDateTime.toISOString() >= input.giveUpAt) return tooSlow(input);
    yield* pause(who, Math.min(Math.max(waitSeconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS), 'issuer');
    const answer = yield* poll(who, input, round);
    if (isEnded(answer) || answer.state === 'issued') return answer;
    waitSeconds = answer.retryAfterSeconds;
  }
  context.df.continueAsNew({ ...input, round, firstWaitSeconds: waitSeconds });
  return undefined;
}

type Pending = Extract<Polled, { state: 'pending' }>;

function* poll(who: Performer, order: AwaitedOrder, round: number): Story<Pending | Issued | Ended> {
  const { reference, issuer } = order;
  const answer = yield* perform(who, 'poll', { reference, issuer, round });
  if (isEnded(answer) || answer.state !== 'rejected') return answer;
  return { outcome: 'rejected', outcomeReason: 'issuer-rejected', detail: answer.reason };
}

function giveUpAt(order: AwaitedOrder, now: Date): Date {
  const patient = now.getTime() + PATIENCE_DAYS * 86_400_000;
  return new Date(Math.max(patient, Date.parse(order.notAfter)));
}

function tooSlow(input: WaitInput): Ended {
  return {
    outcome: 'failed',
    outcomeReason: 'issuer-too-slow',
    detail: `${input.issuer} had not decided on order ${input.reference} by ${input.giveUpAt}`,
  };
}
