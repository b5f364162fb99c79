import { usesLine } from '../targets/discovery/log-line.ts';
import { refreshUses, type UsesDependencies } from '../targets/discovery/refresh.ts';
import type { LogLine } from './log-fields.ts';

/** After a sweep: looks where certificates are used, when the last look is old enough. Answers with the line that tells it. */
export async function sweepUses(app: UsesDependencies): Promise<LogLine | undefined> {
  const uses = await refreshUses(app);
  return uses && usesLine(uses);
}
