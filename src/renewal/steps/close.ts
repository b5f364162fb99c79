import type { CertificateRow } from '../../estate/port.ts';
import { dueAt } from '../../plan/due.ts';
import type { Plan } from '../../plan/types.ts';
import { withoutOrder } from '../cancel-order.ts';
import { withoutAttempt, withoutWindow } from '../certificate-row.ts';
import { withMergedVersion } from '../merged-version.ts';
import type { Outcome } from '../outcomes.ts';
import { placeOf } from '../place.ts';
import type { RenewalResult } from '../story.ts';
import { countsOf } from '../tally.ts';
import { done, type Step } from './step.ts';

const HOUR = 3_600_000;
const LONGEST_BACK_OFF_HOURS = 32;

/** Outcomes after which the next attempt need not wait. */
export const settled: readonly Outcome[] = ['renewed', 'not-needed', 'cancelled'];

/** Stage 11: the row learns how it ended. The outcome itself is journalled as this step's intent, before the row says so. */
export const close: Step<'close'> = {
  async run({ renewalId, vault, certificate, result }, app) {
    const found = await app.store.certificate(vault, certificate);
    if (found === undefined || found.row.renewalId !== renewalId || found.row.state === 'idle')
      return done({ closed: true });
    const plan = placeOf(await app.estate(), vault, certificate)?.plan;
    const { lastAttemptAt, failedAttempts } = found.row;
    const whole = await withMergedVersion(result, { ...found.row, renewalId }, app);
    const left = await withoutOrder(found.row, whole, app);
    const now = app.clock.now();
    await app.store.saveCertificate(closedRow(left, { result: whole, plan, now }), found.etag);
    const seconds = (now.getTime() - Date.parse(lastAttemptAt ?? now.toISOString())) / 1000;
    return done({ closed: true, seconds, attempts: failedAttempts + 1 });
  },
  intent: ({ result }) => ({
    outcome: result.outcome,
    reason: result.outcomeReason,
    detail: result.detail,
    ...(result.new && { new: result.new }),
    verified: countsOf(result).verified,
    targets: countsOf(result).total,
  }),
  result: () => undefined,
};

/** The row after a renewal: idle, with the next renewal point or the next attempt of the back-off (1, 2, 4 … 32 hours). */
export function closedRow(
  row: CertificateRow,
  ended: { readonly result: RenewalResult; readonly plan: Plan | undefined; readonly now: Date },
): CertificateRow {
  const { result, plan, now } = ended;
  const { undeployed, found, foundAfter, ...kept } = withoutAttempt(row);
  const merged = result.new?.version ?? undeployed;
  const good = settled.includes(result.outcome);
  const failedAttempts = good ? 0 : row.failedAttempts + 1;
  const hours = Math.min(2 ** (failedAttempts - 1), LONGEST_BACK_OFF_HOURS);
  return {
    ...(result.new ? withoutWindow(kept) : kept),
    state: 'idle',
    failedAttempts,
    lastOutcome: result.outcome,
    lastReason: result.outcomeReason,
    ...(!good && { nextAttemptAt: new Date(now.getTime() + hours * HOUR).toISOString() }),
    ...(result.outcome !== 'renewed' && merged !== undefined && { undeployed: merged }),
    ...(result.new === undefined && found !== undefined && { found, ...(foundAfter !== undefined && { foundAfter }) }),
    ...(result.new && { expectedVersion: result.new.version, notAfter: result.new.notAfter }),
    ...(result.new &&
      plan && { dueAt: dueAt(new Date(result.new.notBefore), new Date(result.new.notAfter), plan).toISOString() }),
  };
}
