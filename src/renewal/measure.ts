import { only } from '../estate/app-rows.ts';
import type { CertificateRow } from '../estate/port.ts';
import { type Pulse, pulseOf } from './beat.ts';
import type { Dependencies } from './dependencies.ts';
import { heldBackIssuers } from './held-back.ts';
import type { LogLine } from './log-fields.ts';
import { metricLines, type Point } from './metrics.ts';
import { settled } from './steps/close.ts';
import type { StepAnswer, StepCall, StepInput, StepName, StepOutput } from './story.ts';
import type { Expiry, SweepReport } from './sweep.ts';
import { countsOf } from './tally.ts';
import type { CredentialExpiry } from './watch-credentials.ts';

const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** What the step that closes a renewal has to tell; nothing of other steps, and nothing of a repeat that found it closed. */
export function closeMetrics(step: StepName, input: StepCall, answer: StepAnswer<unknown>): readonly LogLine[] {
  if (step !== 'close' || answer.state !== 'done') return [];
  const { seconds, attempts } = answer.value as StepOutput<'close'>;
  if (seconds === undefined || attempts === undefined) return [];
  const { vault, certificate, result } = input as StepInput<'close'>;
  const { outcome, outcomeReason: reason } = result;
  const { total, verified } = countsOf(result);
  return [
    ...metricLines('renewal.duration', [{ value: seconds, outcome }]),
    ...metricLines('attempts', [{ value: attempts, outcome }]),
    ...metricLines('failures', settled.includes(outcome) ? [] : [{ value: 1, outcome, reason }]),
    ...metricLines('targets.unverified', total > 0 ? [{ value: total - verified, vault, certificate }] : []),
  ];
}

/** What a sweep found: how many certificates of each kind, and how long those that the vaults listed have left. */
export function sweepMetrics(
  report: SweepReport,
  told: { readonly expiries: readonly Expiry[]; readonly credentials: readonly CredentialExpiry[] },
  now: Date,
): readonly LogLine[] {
  const { waiting, queued, running, refused, unreachable, unowned, orphans, overdue, expired } = report;
  // It stood back for another app, which has a sweep of its own.
  if (refused.some(({ reason }) => reason === 'another-app')) return [];
  const lists = { running, refused, unreachable, unowned, orphans, overdue, expired };
  const counts = Object.entries(lists).map(([state, list]) => ({ state, value: list.length }));
  const daysTo = (moment: string): number => (Date.parse(moment) - now.getTime()) / DAY;
  const left = told.expiries.map(({ notAfter, ...of }) => ({ ...of, value: daysTo(notAfter) }));
  const credentials = told.credentials.map(({ expiresAt, ...of }) => ({ ...of, value: daysTo(expiresAt) }));
  return [
    ...metricLines('certificates', [
      { state: 'waiting', value: waiting },
      { state: 'queued', value: queued },
      ...counts,
    ]),
    ...metricLines('days_to_expiry', left),
    ...metricLines('credential.days_to_expiry', credentials),
  ];
}

/** A renewal that was closed by its records had no last step that could tell of it. */
export function closedRowMetrics({ lastOutcome: outcome, lastReason: reason }: CertificateRow): readonly LogLine[] {
  if (outcome === undefined || reason === undefined || settled.includes(outcome)) return [];
  return metricLines('failures', [{ value: 1, outcome, reason }]);
}

/** How the app as a whole stands. One that has lost the lease tells nothing: the other app does. */
export async function gauges(app: Dependencies): Promise<readonly LogLine[]> {
  if ((await app.lease.hold()).state === 'elsewhere') return [];
  const open = { renewing: 0, queued: 0 };
  for await (const { row } of app.store.certificates('open')) open[row.state === 'renewing' ? 'renewing' : 'queued']++;
  const held = await heldBackIssuers(app);
  return [
    ...metricLines(
      'issuers.held_back',
      held.map(({ issuer }) => ({ issuer, value: 1 })),
    ),
    ...metricLines('renewals.in_flight', [{ value: open.renewing }]),
    ...metricLines('renewals.queued', [{ value: open.queued }]),
    ...metricLines('sweep.age', ageOf(await sweepAge(app))),
    ...metricLines('heartbeat.age', ageOfPulse(await pulseOf(app))),
  ];
}

function ageOf(age: { readonly ageSeconds: number } | undefined): readonly Point<'sweep.age'>[] {
  return age === undefined ? [] : [{ value: age.ageSeconds }];
}

function ageOfPulse(pulse: Pulse): readonly Point<'heartbeat.age'>[] {
  return pulse.state === 'none' ? [] : [{ value: pulse.ageSeconds }];
}

/** When the last sweep ended, ISO 8601, and how long ago that was; `undefined` before the first. */
export async function sweepAge({ rows, clock }: Pick<Dependencies, 'rows' | 'clock'>) {
  const completedAt = (await rows.get('sweep', only))?.row.completedAt;
  if (completedAt === undefined) return undefined;
  const age = clock.now().getTime() - Date.parse(completedAt);
  return { completedAt, ageSeconds: Math.max(0, Math.round(age / SECOND)) };
}
