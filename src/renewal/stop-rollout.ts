import type { GroupInput, GroupResult } from './group.ts';
import type { Story } from './perform.ts';
import type { GroupShape } from './rollout-shape.ts';
import { type Deployed, inputsOf, isAgain, type Rollout, sideBySide, tallyOfWay, type Way } from './rollout-way.ts';
import type { Ended, TargetResult } from './story.ts';
import { sum, type Tally, type TargetCounts, told } from './tally.ts';

/** Rolls back what can be, and tells what the targets have taken by themselves that no wave has touched. */
export function* stop(rollout: Rollout, way: Way): Story<Ended> {
  const { end, tally } = yield* goBack(rollout, way);
  const seen = yield* lookAtTheRest(rollout, way);
  if (seen.counts.total === 0) return end;
  const others = tally.results.filter(({ id }) => !seen.results.some((result) => result.id === id));
  const { counts } = tally;
  const serving = { counts: { ...seen.counts, total: 0 }, results: seen.results };
  rollout.renewal.rolledOut(sum([{ counts, results: others }, serving]));
  const how = isAgain(rollout.renewal) ? 'serve it untouched' : 'took it by themselves';
  const who = listed(seen.results.map(({ id }) => id));
  return { ...end, detail: `${end.detail}; ${seen.counts.total} ${how}: ${who}` };
}

/** Rolls back whatever serves the new version, or may. A version that was only deployed again has none to go back to. */
function* goBack(rollout: Rollout, { pace, deployed }: Way): Story<{ readonly end: Ended; readonly tally: Tally }> {
  const { inspected, version } = rollout;
  const before = tallyOfWay(rollout, deployed);
  const changed = deployed.filter(({ group, result }) => result.unchanged.length < group.count);
  const why = stoppedBy(before, deployed);
  if (version.sha256 === inspected.old.sha256 || changed.length === 0)
    return { end: { outcome: 'partly-deployed', ...why }, tally: before };
  const groups = changed.map(({ group, result: { unchanged } }) => ({ ...group, except: unchanged }));
  const { inputs } = inputsOf(rollout, { version: inspected.old, groups, pace });
  const back = sum(yield* someAtOnce(rollout, 'rollBackGroup', inputs));
  const after = rolledBack(before, back);
  rollout.renewal.rolledOut(after);
  return { end: endOfRollBack(after, back.counts, why), tally: after };
}

/** Those that no wave has come to, and those that refused. Of the others a roll back has told. */
function* lookAtTheRest(rollout: Rollout, { pace, deployed }: Way): Story<Tally> {
  const { shape, version } = rollout;
  const results = new Map(deployed.map(({ group, result }) => [group.key, result]));
  const groups = shape.waves
    .flatMap(({ batches }) => batches.flat())
    .filter(({ takers = 0 }) => takers > 0)
    .map((group) => ({ ...group, except: touchedOf(group, results.get(group.key)) }))
    .filter(({ except, count }) => except.length < count);
  const { inputs } = inputsOf(rollout, { version, groups, pace });
  return sum(yield* someAtOnce(rollout, 'lookAtGroup', inputs));
}

/** Places of a group that a wave has touched. */
function touchedOf({ count }: GroupShape, result: GroupResult | undefined): readonly number[] {
  if (result === undefined) return [];
  return Array.from({ length: count }, (_, place) => place).filter((place) => !result.unchanged.includes(place));
}

function* someAtOnce(
  { renewal }: Rollout,
  name: 'rollBackGroup' | 'lookAtGroup',
  inputs: readonly GroupInput[],
): Story<readonly GroupResult[]> {
  const results: GroupResult[] = [];
  const short = name === 'rollBackGroup' ? 'back' : 'look';
  for (let at = 0; at < inputs.length; at += GROUPS_AT_ONCE) {
    const children = inputs.slice(at, at + GROUPS_AT_ONCE).map((input, index) => ({
      input,
      id: `${renewal.renewalId}-${short}-${at + index + 1}`,
    }));
    results.push(...(yield* sideBySide(renewal, name, children)));
  }
  return results;
}

const GROUPS_AT_ONCE = 100;

/** What was rolled back, or could not be, is verified no longer. */
function rolledBack(before: Tally, back: Tally): Tally {
  const known = new Map(back.results.map((result) => [result.id, result]));
  const results = before.results.map((result) => merged(result, known.get(result.id)));
  const others = back.results.filter(({ id }) => !before.results.some((result) => result.id === id));
  const { total, touched } = before.counts;
  const counts = { total, verified: 0, touched, rolledBack: back.counts.rolledBack };
  return { counts, results: told([...results, ...others]) };
}

function merged(result: TargetResult, back: TargetResult | undefined): TargetResult {
  if (back === undefined) return result;
  if (back.rolledBack) return { ...result, ...back };
  return { ...result, ...back, problem: [result.problem, back.problem].filter(Boolean).join('; ') };
}

type Why = Pick<Ended, 'outcomeReason' | 'detail'>;

/** Why a wave went over its budget. */
function stoppedBy({ results }: Tally, deployed: readonly Deployed[]): Why {
  const unread = deployed.flatMap(({ result }) => result.problem ?? []);
  const failed = results.filter((result) => !result.verified);
  const detail = listed([...unread, ...failed.map(({ id, problem }) => `${id}: ${problem ?? 'unverified'}`)]);
  if (failed.length === 0) return { outcomeReason: 'step-failed', detail };
  return { outcomeReason: failed.every(({ touched }) => !touched) ? 'deploy-refused' : 'targets-unverified', detail };
}

/** Back only when every one was seen to be; else it is told who serves what. */
function endOfRollBack({ results }: Tally, { total, rolledBack: back }: TargetCounts, why: Why): Ended {
  if (back === total) return { outcome: 'rolled-back', ...why };
  const left = results.filter(({ rolledBack }) => rolledBack === false);
  // Who has never left the last good version needs no way back to it.
  const stayed = left.filter(({ isOnLastGood }) => isOnLastGood);
  const stranded = left.filter(({ isOnLastGood }) => !isOnLastGood);
  const said = [
    { count: total - back - stayed.length, are: 'are not back', who: stranded },
    { count: stayed.length, are: 'have no way back, and are on the last good version', who: stayed },
  ].flatMap(({ count, are, who }) =>
    who.length === 0 ? [] : [`${count} of ${total} targets ${are}: ${listed(who.map(whoServes))}`],
  );
  const outcomeReason = stranded.length === 0 ? why.outcomeReason : 'roll-back-failed';
  return { outcome: 'partly-deployed', outcomeReason, detail: said.join('; ') };
}

function whoServes({ id, servedSha256, problem }: TargetResult): string {
  const serves = servedSha256 === undefined ? 'was not seen serving anything' : `serves ${servedSha256.slice(0, 16)}`;
  return `${id} ${serves} (${problem ?? 'unverified'})`;
}

const LISTED = 5;

/** A result is a part of the history, and has to stay small. */
function listed(problems: readonly string[]): string {
  const more = problems.length > LISTED ? [`and ${problems.length - LISTED} more`] : [];
  return [...problems.slice(0, LISTED), ...more].join('; ');
}
