import { perform, type Story } from './perform.ts';
import type { RenewalProgress } from './progress.ts';
import type { Ended, GatePoint, StepOutput } from './story.ts';

/** A point where a person may have to decide, and where a cancelled renewal stops. */
export function* gate(
  renewal: RenewalProgress,
  point: GatePoint,
  boundTo: Readonly<Record<string, string>>,
): Story<StepOutput<'gate'> | Ended> {
  renewal.enter('gate');
  return yield* perform(renewal, 'gate', { point, boundTo });
}
