import type { OrchestrationContext, Task } from 'durable-functions';
import type { Probe } from '../targets/port.ts';
import { type GroupInput, type GroupResult, type Placed, readGroup } from './group.ts';
import { ChildPerformer, firstTry, problemOf, type Story } from './perform.ts';
import { isEnded, type StepAnswer, type TargetResult } from './story.ts';
import { emptyTally, tallyOf } from './tally.ts';
import { callOf, type Judgement, judge } from './verify-target.ts';

/**
 * The last look of a rollout that was stopped: what those of a group serve that take versions by themselves and were not
 * touched. One try each, for nothing hangs on it but what is told; nothing is written to any of them.
 */
export function* lookAtGroup(context: OrchestrationContext): Story<GroupResult> {
  const input = context.df.getInput<GroupInput>();
  const targets = yield* readGroup(context, input);
  const nothing = { ...emptyTally, unchanged: [] };
  if (isEnded(targets)) return { ...nothing, problem: targets.detail };
  const takers = targets.filter(({ takesIt }) => takesIt);
  if (takers.length === 0) return nothing;
  try {
    const serving = yield* look(context, input, takers);
    const { counts } = tallyOf(serving, 'all');
    return { ...nothing, counts, results: input.tells === 'all' ? serving : serving.slice(0, input.tells) };
  } catch (error) {
    return { ...nothing, problem: problemOf(error) };
  }
}

/** Answers with those that serve the new version; of every one that was seen it is recorded what it serves. */
function* look(
  context: OrchestrationContext,
  input: GroupInput,
  takers: readonly Placed[],
): Story<readonly TargetResult[]> {
  const who = new ChildPerformer(context, input);
  const calls = takers.map(({ target }) => ({ ...callOf({ ...input, target }), purpose: 'last', round: 0 }) as const);
  const probes = (yield context.df.Task.all(
    calls.map((call): Task => firstTry(who, 'probe', call)),
  )) as StepAnswer<Probe>[];
  const seen = probes.flatMap((answer, index) => {
    const call = calls[index];
    if (call === undefined || answer.state !== 'done' || answer.value.state !== 'served') return [];
    const { id, kind } = call.target;
    const judged = judge(answer.value, input.version.sha256);
    const verified = judged.problem === undefined;
    const took = isTaken(judged, input) && !input.isAgain && ({ tookItself: true } as const);
    return [{ call, result: { id, kind, verified, touched: false, ...judged, ...took } }];
  });
  if (seen.length === 0) return [];
  const records = seen.map(({ call, result }): Task => {
    const { target, version, issuer, vaultUri, vaultResourceId } = call;
    const about = { target, version, issuer, vaultUri, vaultResourceId };
    return firstTry(who, 'targetClosed', { ...about, result, isLast: true });
  });
  yield context.df.Task.all(records);
  return seen.map(({ result }) => result).filter((result) => isTaken(result, input));
}

function isTaken({ servedSha256 }: Judgement, { version }: GroupInput): boolean {
  return servedSha256 === version.sha256;
}
