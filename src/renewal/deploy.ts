import { isVersionOne, type Story } from './perform.ts';
import type { RenewalProgress } from './progress.ts';
import { rollOut } from './roll-out.ts';
import type { Ended, Inspected, VersionSummary } from './story.ts';
import * as one from './version-one/roll-out.ts';

/** Stages 9 and 10, by the version that the renewal was begun by. */
export function* deploy(renewal: RenewalProgress, inspected: Inspected, version: VersionSummary): Story<Ended> {
  if (isVersionOne(renewal.context)) return yield* one.rollOut(renewal, inspected, version);
  return yield* rollOut(renewal, inspected, version);
}

/** What is known without the rollout: of no use to a step that deploys nothing, and the larger the more targets there are. */
export function withoutRollout({ rollout: _rollout, ...inspected }: Inspected): Inspected {
  return inspected;
}
