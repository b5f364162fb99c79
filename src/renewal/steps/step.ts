import { RenewalError } from '../../errors.ts';
import { inTrace } from '../../trace.ts';
import type { Dependencies } from '../dependencies.ts';
import type { Outcome, Reason } from '../outcomes.ts';
import { reasonOf } from '../perform.ts';
import type { Ended, StepAnswer, StepCall, StepInput, StepName, StepOutput } from '../story.ts';
import { expectLater, ofRenewal } from './expect-later.ts';
import { fence } from './fence.ts';

type Facts = Readonly<Record<string, unknown>>;

/** A step: an activity that reads before it writes, so that running it twice has the effect of running it once. */
export interface Step<S extends StepName> {
  readonly run: (input: StepInput<S>, app: Dependencies) => Promise<StepAnswer<StepOutput<S>>>;
  /** What is journalled before an irreversible act. */
  readonly intent?: (input: StepInput<S>) => Facts;
  /** What is journalled of the answer; `undefined`: nothing worth keeping happened. */
  readonly result: (value: StepOutput<S>, input: StepInput<S>) => Facts | undefined;
  /** Tells steps of one name apart within a renewal: the target, the gate's point, the round. */
  readonly subject?: (input: StepInput<S>) => string;
}

/** Runs a step as its activity does, on behalf of its renewal's trace: intent, act, result; errors become answers. */
export function runStep<S extends StepName>(
  name: S,
  step: Step<S>,
  call: { readonly input: StepInput<S>; readonly app: Dependencies },
): Promise<StepAnswer<StepOutput<S>>> {
  return inTrace(call.input.traceparent, () => actAndRecord(name, step, call));
}

async function actAndRecord<S extends StepName>(
  name: S,
  step: Step<S>,
  { input, app }: { readonly input: StepInput<S>; readonly app: Dependencies },
): Promise<StepAnswer<StepOutput<S>>> {
  const key = keyOf(name, step, input);
  // An attempt ends one way: whatever a late repeat finds, the journal keeps the first end, be it a result or a decision.
  const record = (kind: 'intent' | 'result' | 'decision', facts: Facts) =>
    app.journal.append(input.renewalId, {
      key: `${key}:${kind === 'intent' ? 'intent' : 'result'}`,
      at: app.clock.now().toISOString(),
      kind,
      step: name,
      facts,
    });
  try {
    const stop = step.intent === undefined ? undefined : await fence(name, input, app);
    if (stop !== undefined) return { state: 'ended', ...stop };
    if (step.intent !== undefined) await record('intent', step.intent(input));
    const answer = await step.run(input, app);
    const facts = answer.state === 'done' ? step.result(answer.value, input) : factsOf(answer);
    if (facts !== undefined) await record(answer.state === 'ended' ? 'decision' : 'result', facts);
    return answer;
  } catch (error) {
    return await toldOfWait(answerOf(error, `${name} of ${input.renewalId}`), input, app);
  }
}

/**
 * As `runStep`, in an app that may not be there: while its settings or its estate file have mistakes a step is tried again.
 * Whoever deployed a mistake mends it; a renewal that ended meanwhile would begin anew, with one more order.
 */
export async function runStepWhenReady<S extends StepName>(
  name: S,
  step: Step<S>,
  call: { readonly input: StepInput<S>; readonly app: () => Promise<Dependencies> },
): Promise<StepAnswer<StepOutput<S>>> {
  let app: Dependencies;
  try {
    app = await call.app();
  } catch (error) {
    const code = error instanceof RenewalError ? error.code : 'bug';
    return { state: 'again', code, detail: (error instanceof Error ? error.message : String(error)).slice(0, 500) };
  }
  return runStep(name, step, { input: call.input, app });
}

/** Longer than this a step is asked to wait by a service only; the row is told, so that nobody takes it for stuck. */
const LONG_WAIT_SECONDS = 1800;

async function toldOfWait(
  answer: StepAnswer<never>,
  { renewalId, vault, certificate }: StepCall,
  app: Dependencies,
): Promise<StepAnswer<never>> {
  if (answer.state !== 'again' || (answer.retryAfterSeconds ?? 0) < LONG_WAIT_SECONDS) return answer;
  try {
    const found = ofRenewal(await app.store.certificate(vault, certificate), renewalId);
    await expectLater(found, answer.retryAfterSeconds ?? 0, app);
    return answer;
  } catch (error) {
    // The next try tells it again.
    const problem = error instanceof Error ? error.message : String(error);
    return { ...answer, detail: `${answer.detail}; its row was not told: ${problem}`.slice(0, 500) };
  }
}

export function done<T>(value: T): StepAnswer<T> {
  return { state: 'done', value };
}

export function ended(outcome: Outcome, outcomeReason: Reason, detail: string): { readonly state: 'ended' } & Ended {
  return { state: 'ended', outcome, outcomeReason, detail };
}

function keyOf<S extends StepName>(name: S, step: Step<S>, input: StepInput<S>): string {
  const subject = step.subject?.(input);
  return `${name}${subject === undefined ? '' : `:${subject}`}#${input.attempt}`;
}

function factsOf(answer: Exclude<StepAnswer<never>, { state: 'done' }>): Facts {
  if (answer.state === 'again') return { again: answer.code, detail: answer.detail };
  return { outcome: answer.outcome, reason: answer.outcomeReason, detail: answer.detail };
}

/** An error that may pass is tried again; one that a person must mend ends the renewal; a bug is tried again, in case. */
function answerOf(error: unknown, where: string): StepAnswer<never> {
  if (!(error instanceof RenewalError)) {
    return {
      state: 'again',
      code: 'bug',
      detail: `${where}: ${error instanceof Error ? error.message : String(error)}`.slice(0, 500),
    };
  }
  const detail = error.message.slice(0, 500);
  if (error.retry) {
    const { code, retryAfterSeconds } = error;
    return { state: 'again', code, detail, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
  }
  const forbidden = error.code === 'vault-forbidden' || error.code === 'arm-forbidden';
  return ended(forbidden ? 'needs-person' : 'failed', reasonOf(error.code), `${error.code}: ${detail}`);
}
