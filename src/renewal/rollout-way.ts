import type { FirstLooks } from './first-look.ts';
import type { GroupInput, GroupResult } from './group.ts';
import { type Pace, paced } from './pace.ts';
import { callChild, type Story, whoseOf } from './perform.ts';
import type { RenewalProgress } from './progress.ts';
import type { GroupShape, RolloutShape } from './rollout-shape.ts';
import type { Inspected, VersionSummary } from './story.ts';
import { sum, type Tally, toldByEach } from './tally.ts';

/** What a rollout is about, from its first wave to its last roll back. */
export interface Rollout {
  readonly renewal: RenewalProgress;
  readonly inspected: Inspected;
  readonly shape: RolloutShape;
  readonly version: VersionSummary;
}

/** A group that was deployed to, and how it ended. */
export interface Deployed {
  readonly group: GroupShape;
  readonly result: GroupResult;
}

/** How far a rollout has come. */
export interface Way {
  readonly pace: Pace;
  readonly firstLooks: FirstLooks;
  readonly deployed: readonly Deployed[];
}

/** Of all targets: what an earlier renewal has verified is part of the whole, and so is what no wave has come to. */
export function tallyOfWay({ shape }: Rollout, deployed: readonly Deployed[]): Tally {
  const { counts, results } = sum(deployed.map(({ result }) => result));
  return { counts: { ...counts, total: shape.total, verified: counts.verified + shape.verifiedBefore }, results };
}

interface Child {
  readonly input: GroupInput;
  readonly id: string;
}

export function* sideBySide(
  { context }: RenewalProgress,
  name: 'deployGroup' | 'rollBackGroup' | 'lookAtGroup',
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
export function inputsOf({ renewal, inspected, shape }: Rollout, { version, groups, pace, firstLooks = {} }: Asked) {
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
export function isAgain({ input: { scope, adopts } }: RenewalProgress): boolean {
  return scope === 'deploy' && adopts === undefined;
}
