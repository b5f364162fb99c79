import type { Target } from '../../plan/targets/target.ts';
import type { Plan } from '../../plan/types.ts';
import { percentWaves, wavesOf } from '../../plan/waves.ts';
import { callChild, pause, type Story, whoseOf } from '../perform.ts';
import type { RenewalProgress } from '../progress.ts';
import type { Ended, Inspected, TargetResult, VersionSummary } from '../story.ts';

// Version 1.0 of the rollout, as renewals that were begun by it go on to their end: their histories hold every target, and
// groups follow one another. It is not edited; it goes when no renewal of that version runs any more.

/** Durable Functions likes fan-outs of at most this many children in one history. */
export const TARGETS_A_GROUP = 50;

/** What an orchestration over a group of targets is asked. */
export interface GroupInput {
  readonly renewalId: string;
  readonly vault: string;
  readonly certificate: string;
  readonly traceparent?: string;
  readonly inspected: Pick<Inspected, 'vaultUri' | 'vaultResourceId'>;
  readonly issuer: string;
  readonly version: VersionSummary;
  readonly verify: { readonly everySeconds: number; readonly forSeconds: number };
  readonly targets: readonly Target[];
}

/** Waves: canary, share, rest. A wave over its failure budget stops the rollout and rolls back what can be. */
export function* rollOut(renewal: RenewalProgress, inspected: Inspected, version: VersionSummary): Story<Ended> {
  const { targets = [], plan } = inspected;
  if (targets.length === 0)
    return { outcome: 'renewed', outcomeReason: 'no-targets', detail: 'the certificate has no targets' };
  let results: readonly TargetResult[] = [];
  for (const [index, wave] of wavesOf(targets, recordedWaves(plan.rollout)).entries()) {
    renewal.enter('deploy');
    const waveResults = yield* deployWave(renewal, inspected, version, wave.targets, index + 1);
    results = [...results, ...waveResults];
    renewal.rolledOut({ results });
    const failed = waveResults.filter((result) => !result.verified);
    if (failed.length > wave.failureBudget) return yield* stop(renewal, inspected, { version, results });
    const last = results.length === targets.length;
    if (!last && wave.soakSeconds > 0) yield* pause(renewal, wave.soakSeconds, 'soak');
  }
  renewal.enter('verify');
  return endOf(results, targets.length);
}

function* deployWave(
  renewal: RenewalProgress,
  inspected: Inspected,
  version: VersionSummary,
  wave: readonly Target[],
  number: number,
): Story<readonly TargetResult[]> {
  const results: TargetResult[] = [];
  for (const [index, group] of groupsOf(wave).entries()) {
    const input = groupInput(renewal, inspected, version, group);
    const id = `${renewal.renewalId}-w${number}-${index + 1}`;
    results.push(...((yield callChild(renewal.context, 'deployGroup', { input, id })) as TargetResult[]));
  }
  return results;
}

/** Rolls back every target that was touched. A version that was only deployed again has none to go back to. */
function* stop(
  renewal: RenewalProgress,
  inspected: Inspected,
  at: { readonly version: VersionSummary; readonly results: readonly TargetResult[] },
): Story<Ended> {
  const { version, results } = at;
  if (version.sha256 === inspected.old.sha256) return stopped(results);
  const touched = results.filter((result) => result.touched).map((result) => result.id);
  const back = new Map<string, TargetResult>();
  for (const [index, group] of groupsOf(
    (inspected.targets ?? []).filter((target) => touched.includes(target.id)),
  ).entries()) {
    const input = groupInput(renewal, inspected, inspected.old, group);
    const id = `${renewal.renewalId}-back-${index + 1}`;
    const answers = (yield callChild(renewal.context, 'rollBackGroup', { input, id })) as TargetResult[];
    for (const answer of answers) back.set(answer.id, answer);
  }
  const final = results.map((result) => merged(result, back.get(result.id)));
  renewal.rolledOut({ results: final });
  return stopped(final);
}

/** A target that could not be rolled back keeps what was last seen of it; one that was is verified no longer. */
function merged(result: TargetResult, back: TargetResult | undefined): TargetResult {
  if (back === undefined) return result;
  if (back.rolledBack) return { ...result, ...back, verified: false };
  return { ...result, rolledBack: false, problem: [result.problem, back.problem].filter(Boolean).join('; ') };
}

function stopped(results: readonly TargetResult[]): Ended {
  const failed = results.filter((result) => !result.verified);
  const touched = results.filter((result) => result.touched);
  const back = touched.filter((result) => result.rolledBack);
  const problems = failed.map((result) => `${result.id}: ${result.problem ?? 'unverified'}`).join('; ');
  const all = touched.length > 0 && back.length === touched.length;
  const outcomeReason = failed.every((result) => !result.touched) ? 'deploy-refused' : 'targets-unverified';
  return { outcome: all ? 'rolled-back' : 'partly-deployed', outcomeReason, detail: problems };
}

function endOf(results: readonly TargetResult[], total: number): Ended {
  const verified = results.filter((result) => result.verified).length;
  const detail = `${verified}/${total} targets verified`;
  if (verified === total) return { outcome: 'renewed', outcomeReason: 'served', detail };
  return { outcome: 'partly-deployed', outcomeReason: 'targets-unverified', detail };
}

function groupInput(
  renewal: RenewalProgress,
  inspected: Inspected,
  version: VersionSummary,
  group: readonly Target[],
): GroupInput {
  const { vaultUri, vaultResourceId, plan } = inspected;
  const { issuer, rollout } = plan;
  return {
    ...whoseOf(renewal),
    inspected: { vaultUri, vaultResourceId },
    issuer,
    version,
    verify: rollout.verify,
    targets: group,
  };
}

/** What `rollout.wavePercent` was of a plan that entered a history before there were waves of other kinds. */
function recordedWaves(rollout: Plan['rollout'] & { readonly wavePercent?: readonly number[] }): Plan['rollout'] {
  return rollout.wavePercent === undefined ? rollout : { ...rollout, waves: percentWaves(rollout.wavePercent) };
}

function groupsOf(targets: readonly Target[]): readonly (readonly Target[])[] {
  const count = Math.ceil(targets.length / TARGETS_A_GROUP);
  return Array.from({ length: count }, (_, index) =>
    targets.slice(index * TARGETS_A_GROUP, (index + 1) * TARGETS_A_GROUP),
  );
}
