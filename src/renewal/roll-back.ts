import type { OrchestrationContext } from 'durable-functions';
import { waitForTurn } from './deploy-target.ts';
import { type GroupResult, type TargetInput, type Verifying, workOnGroup } from './group.ts';
import { ChildPerformer, isVersionOne, perform, performAnyway, problemOf, type Story } from './perform.ts';
import { isEnded, type TargetResult } from './story.ts';
import { callOf, judge, verify, verifyingFrom } from './verify-target.ts';
import * as one from './version-one/deploy-target.ts';

/** Rolls a group of targets back, each as far as it can be, and looks at what they serve afterwards. */
export function* rollBackGroup(context: OrchestrationContext): Story<GroupResult | TargetResult[]> {
  if (isVersionOne(context)) return yield* one.rollBackGroup(context);
  return yield* workOnGroup(context, 'rollBackTarget');
}

/** `input.version` is the last good one here. A target is back only when a probe has shown it. */
export function* rollBackTarget(context: OrchestrationContext): Story<TargetResult | undefined> {
  if (isVersionOne(context)) return yield* one.rollBackTarget(context);
  const input = context.df.getInput<TargetInput>();
  try {
    return yield* rollBackAndVerify(context, input);
  } catch (error) {
    return notBack(input, { problem: problemOf(error) });
  }
}

function* rollBackAndVerify(context: OrchestrationContext, input: TargetInput): Story<TargetResult | undefined> {
  const who = new ChildPerformer(context, input);
  const verifying = input.verifying ?? (yield* rollBack(who, input));
  const answer = 'verified' in verifying ? verifying : yield* verify(who, input, { purpose: 'roll-back', verifying });
  if (!('verified' in answer)) {
    context.df.continueAsNew({ ...input, verifying: answer });
    return undefined;
  }
  const result = { ...answer, verified: false, rolledBack: answer.verified };
  yield* performAnyway(who, 'targetClosed', { ...callOf(input), result });
  return result;
}

function* rollBack(who: ChildPerformer, input: TargetInput): Story<TargetResult | Verifying> {
  yield* waitForTurn(who, input);
  const back = yield* perform(who, 'rollBack', callOf(input));
  if (!isEnded(back) && back.rolledBack) return verifyingFrom(who, input);
  // There is no way back: whoever has to see to it is told what the target serves now.
  const probe = yield* perform(who, 'probe', { ...callOf(input), purpose: 'roll-back', round: 0 });
  const { servedSha256, problem } = judge(probe, input.version.sha256);
  const told = `${back.detail}; ${problem ?? 'it serves the last good version'}`;
  const serves = { ...(servedSha256 !== undefined && { servedSha256 }), problem: told };
  return notBack(input, problem === undefined ? { ...serves, isOnLastGood: true } : serves);
}

function notBack({ target: { id, kind } }: TargetInput, seen: Partial<TargetResult>): TargetResult {
  return { id, kind, verified: false, touched: true, rolledBack: false, ...seen };
}
