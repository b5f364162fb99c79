import type { LogLine } from '../../renewal/log-fields.ts';
import type { EstateUses } from './report.ts';

/** Subscriptions and problems in a line. */
const LISTED = 15;

/** What the look came to; a subscription that nothing is seen of is named. */
export function usesLine({ state, code, problem, counts, unseen, problems }: EstateUses): LogLine {
  const missing = unseen.slice(0, LISTED).map(({ subscription }) => subscription);
  const first = problem ?? problems[0]?.problem;
  return { message: 'uses looked at', state, code: code ?? problems[0]?.code, problem: first, counts, unseen: missing };
}
