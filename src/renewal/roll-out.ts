import { type FirstLooks, laterLooks } from './first-look.ts';
import type { GroupInput, GroupResult } from './group.ts';
import { fullPace, type Pace, paced } from './pace.ts';
import { callChild, pause, performAnyway, type Story, whoseOf } from './perform.ts';
import type { RenewalProgress } from './progress.ts';
import type { GroupShape, RolloutShape, WaveShape } from './rollout-shape.ts';
import type { Ended, Inspected, TargetResult, VersionSummary } from './story.ts';
import { sum, type Tally, type TargetCounts, told, toldByEach } from './tally.ts';

/** What a rollout is about, from its first wave to its last roll back. */
interface Rollout {
  readonly renewal: RenewalProgress;
  readonly inspected: Inspected;
  readonly shape: RolloutShape;
  readonly version: VersionSummary;
}

/** A group that was deployed to, and how it ended. */
interface Deployed {
  readonly group: GroupShape;
  readonly result: GroupResult;
}

/** How far a rollout has come. */
interface Way {
  readonly pace: Pace;
  readonly firstLooks: FirstLooks;
  readonly deployed: readonly Deployed[];
}

/**
 * Waves: canary, share, rest; the groups of a wave side by side, as fast as Resource Manager takes it. A wave over its
 * failure budget stops the rollout and rolls back what can be.
 */
export function* rollOut(renewal: RenewalProgress, inspected: Inspected, version: VersionSummary): Story<Ended> {
  const shape = inspected.rollout;
  if (shape === undefined || shape.total === 0)
    return { outcome: 'renewed', outcomeReason: 'no-targets', detail: 'the certificate has no targets' };
  const rollout = { renewal, inspected, shape, version };
  let way: Way = { pace: fullPace(inspected.plan.rollout.writePercent), firstLooks: {}, deployed: [] };
  renewal.rolledOut(tallyOfWay(rollout, way.deployed));
  for (const [index, wave] of shape.waves.entries()) {
    renewal.enterWave(`${index + 1}/${shape.waves.length}`);
    const after = yield* deployWave(rollout, way, { wave, number: index + 1 });
    const failed = failures(after.deployed.slice(way.deployed.length));
    way = after;
    if (failed > wave.failureBudget) return yield* stop(rollout, way);
    const last = index === shape.waves.length - 1;
    if (!last && wave.soakSeconds > 0) yield* pause(renewal, wave.soakSeconds, 'soak');
  }
  renewal.enter('verify');
  const end = endOf(tallyOfWay(rollout, way.deployed));
  return end.outcome === 'renewed' ? yield* retireOld(rollout, end) : end;
}

/** A version that was only deployed again has none before it that anybody here knows of. */
function* retireOld({ renewal, inspected, version }: Rollout, end: Ended): Story<Ended> {
  const { old, vaultUri, plan } = inspected;
  if (plan.rollout.oldVersion !== 'disable' || old.version === version.version) return end;
  const answer = yield* performAnyway(renewal, 'disableOld', { vaultUri, old, version });
  const said = answer?.disabled ? 'the old version is disabled' : 'the old version is kept';
  return { ...end, detail: `${end.detail}; ${said}` };
}

/** Batch by batch, until one is over the wave's budget. */
function* deployWave(
  rollout: Rollout,
  way: Way,
  { wave, number }: { readonly wave: WaveShape; readonly number: number },
): Story<Way> {
  const { renewal, version } = rollout;
  let { pace, firstLooks } = way;
  let deployed: readonly Deployed[] = [];
  for (const batch of wave.batches) {
    const first = deployed.length;
    const name = (index: number) => `${renewal.renewalId}-w${number}-${first + index + 1}`;
    const inputs = inputsOf(rollout, { version, groups: batch, pace, firstLooks });
    const results = yield* sideBySide(
      renewal,
      'deployGroup',
      inputs.inputs.map((input, index) => ({ input, id: name(index) })),
    );
    pace = inputs.pace;
    firstLooks = laterLooks(
      firstLooks,
      results.map((result) => result.firstLooks),
    );
    deployed = [...deployed, ...batch.flatMap((group, index) => pair(group, results[index]))];
    renewal.rolledOut(tallyOfWay(rollout, [...way.deployed, ...deployed]));
    if (failures(deployed) > wave.failureBudget) break;
  }
  return { pace, firstLooks, deployed: [...way.deployed, ...deployed] };
}

function pair(group: GroupShape, result: GroupResult | undefined): readonly Deployed[] {
  return result === undefined ? [] : [{ group, result }];
}

function failures(deployed: readonly Deployed[]): number {
  return deployed.reduce((count, { result: { counts } }) => count + counts.total - counts.verified, 0);
}

interface Child {
  readonly input: GroupInput;
  readonly id: string;
}

function* sideBySide(
  { context }: RenewalProgress,
  name: 'deployGroup' | 'rollBackGroup',
  children: readonly Child[],
): Story<readonly GroupResult[]> {
  return (yield context.df.Task.all(children.map((child) => callChild(context, name, child)))) as GroupResult[];
}

interface Asked {
  readonly version: VersionSummary;
  readonly groups: readonly (GroupShape & { readonly except?: readonly number[] })[];
  readonly pace: Pace;
  readonly firstLooks?: FirstLooks;
}

/** What each of these groups is asked, and the pace after them. */
function inputsOf({ renewal, inspected, shape }: Rollout, { version, groups, pace, firstLooks = {} }: Asked) {
  const { vaultUri, vaultResourceId, plan } = inspected;
  const count = shape.waves.reduce((sum, { batches }) => sum + batches.flat().length, 0);
  const slow = paced(pace, groups, renewal.now());
  const every = {
    ...whoseOf(renewal),
    inspected: { vaultUri, vaultResourceId },
    issuer: plan.issuer,
    version,
    verify: plan.rollout.verify,
    ...(isAgain(renewal) && { isAgain: true as const }),
    ...(Object.keys(firstLooks).length > 0 && { firstLooks }),
    tells: toldByEach(shape.total, count),
  };
  const inputs = groups.map(({ key, count, except }, index): GroupInput => {
    const own = slow.paces[index] ?? { from: renewal.now().toISOString(), perSecond: 1, writes: {} };
    return { ...every, group: { key, count }, pace: own, ...(except !== undefined && { except }) };
  });
  return { inputs, pace: slow.pace };
}

/** What the vault has made by itself was deployed by nobody yet. */
function isAgain({ input: { scope, adopts } }: RenewalProgress): boolean {
  return scope === 'deploy' && adopts === undefined;
}

/** Rolls back whatever serves the new version, or may. A version that was only deployed again has none to go back to. */
function* stop(rollout: Rollout, { pace, deployed }: Way): Story<Ended> {
  const { renewal, inspected, version } = rollout;
  const before = tallyOfWay(rollout, deployed);
  const changed = deployed.filter(({ group, result }) => result.unchanged.length < group.count);
  const why = stoppedBy(before, deployed);
  if (version.sha256 === inspected.old.sha256 || changed.length === 0) return { outcome: 'partly-deployed', ...why };
  const groups = changed.map(({ group, result: { unchanged } }) => ({ ...group, except: unchanged }));
  const { inputs } = inputsOf(rollout, { version: inspected.old, groups, pace });
  const back: GroupResult[] = [];
  for (let at = 0; at < inputs.length; at += GROUPS_AT_ONCE) {
    const some = inputs.slice(at, at + GROUPS_AT_ONCE).map((input, index) => ({
      input,
      id: `${renewal.renewalId}-back-${at + index + 1}`,
    }));
    back.push(...(yield* sideBySide(renewal, 'rollBackGroup', some)));
  }
  const after = rolledBack(before, sum(back));
  renewal.rolledOut(after);
  return endOfRollBack(after, sum(back).counts, why);
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
  const detail = `${total - back} of ${total} targets are not back: ${listed(left.map(whoServes))}`;
  // Who has never left the last good version needs no way back to it.
  const outcomeReason = left.every(({ isOnLastGood }) => isOnLastGood) ? why.outcomeReason : 'roll-back-failed';
  return { outcome: 'partly-deployed', outcomeReason, detail };
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

function endOf({ counts: { verified, total } }: Tally): Ended {
  const detail = `${verified}/${total} targets verified`;
  if (verified === total) return { outcome: 'renewed', outcomeReason: 'served', detail };
  return { outcome: 'partly-deployed', outcomeReason: 'targets-unverified', detail };
}

/** Of all targets: what an earlier renewal has verified is part of the whole, and so is what no wave has come to. */
function tallyOfWay({ shape }: Rollout, deployed: readonly Deployed[]): Tally {
  const { counts, results } = sum(deployed.map(({ result }) => result));
  return { counts: { ...counts, total: shape.total, verified: counts.verified + shape.verifiedBefore }, results };
}
