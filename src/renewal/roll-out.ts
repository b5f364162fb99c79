import { laterLooks } from './first-look.ts';
import type { GroupResult } from './group.ts';
import { fullPace } from './pace.ts';
import { pause, performAnyway, type Story } from './perform.ts';
import type { RenewalProgress } from './progress.ts';
import type { GroupShape, WaveShape } from './rollout-shape.ts';
import { type Deployed, inputsOf, type Rollout, sideBySide, tallyOfWay, type Way } from './rollout-way.ts';
import { stop } from './stop-rollout.ts';
import type { Ended, Inspected, VersionSummary } from './story.ts';
import type { Tally } from './tally.ts';

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

function endOf({ counts: { verified, total } }: Tally): Ended {
  const detail = `${verified}/${total} targets verified`;
  if (verified === total) return { outcome: 'renewed', outcomeReason: 'served', detail };
  return { outcome: 'partly-deployed', outcomeReason: 'targets-unverified', detail };
}
