import { awaitIssue } from './await-issue.ts';
import { deploy, withoutRollout } from './deploy.ts';
import { gate } from './gate.ts';
import { perform, type Story } from './perform.ts';
import type { RenewalProgress } from './progress.ts';
import { type CheckedVersion, type Ended, gatePoints, type Inspected, isEnded } from './story.ts';

/**
 * The middle of a renewal whose issuer is inside the vault: ordering and merging are one act, so that every gate comes
 * before it, and what came of it is judged as the version that it is. Pull targets may have it by then.
 */
export function* renewInVault(
  renewal: RenewalProgress,
  inspected: Inspected,
  { policySha256 }: NonNullable<Inspected['inVault']>,
): Story<Ended> {
  const { plan, old } = inspected;
  for (const point of gatePoints) {
    const may = yield* gate(renewal, point, { plan: plan.name, old: old.sha256, policy: policySha256 });
    if (isEnded(may)) return may;
  }

  renewal.enter('request');
  const requested = yield* perform(renewal, 'request', { inspected: withoutRollout(inspected) });
  if (isEnded(requested)) return requested;
  const { reference = '' } = requested;
  renewal.ordered(reference);

  renewal.enter('issue');
  const issued = yield* awaitIssue(renewal, { reference, issuer: plan.issuer, notAfter: old.notAfter });
  if (isEnded(issued)) return issued;

  const checked = yield* checkVersion(renewal, inspected);
  return isEnded(checked) ? checked : yield* rollOutChecked(renewal, inspected, checked);
}

/** A version that the vault made by itself is judged as one that was ordered, and deployed. */
export function* adopt(renewal: RenewalProgress, inspected: Inspected, adopts: string): Story<Ended> {
  const checked = yield* checkVersion(renewal, inspected, adopts);
  return isEnded(checked) ? checked : yield* rollOutChecked(renewal, inspected, checked);
}

function* checkVersion(
  renewal: RenewalProgress,
  { plan, targets, rollout, vaultUri }: Inspected,
  adopts?: string,
): Story<CheckedVersion | Ended> {
  renewal.enter('check');
  const { reason } = renewal.input;
  return yield* perform(renewal, 'checkVersion', {
    ...{ plan, vaultUri, reason },
    ...(targets === undefined ? { takers: rollout?.takers ?? '' } : { targets }),
    ...(adopts !== undefined && { adopts }),
  });
}

/** What was replaced is what targets are rolled back to: by now the inspected version may be the new one. */
function* rollOutChecked(
  renewal: RenewalProgress,
  inspected: Inspected,
  { version, replaced = inspected.old }: CheckedVersion,
): Story<Ended> {
  const known = { ...inspected, old: replaced };
  renewal.inspected(known);
  renewal.merged(version);
  return yield* deploy(renewal, known, version);
}
