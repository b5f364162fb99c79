import type { CertificateRow } from '../estate/port.ts';
import { slackMilliseconds } from '../plan/expected-by.ts';
import type { Estate } from '../plan/types.ts';
import { type Claimed, closeFromRecords, isClaimed, startAgain } from './heal.ts';
import type { RenewalInstance } from './orchestrations.ts';
import { problemOf } from './perform.ts';
import { placeOf } from './place.ts';
import { type StartDependencies, startRenewal } from './start.ts';
import { expectLater } from './steps/expect-later.ts';

/** What one look of the watchdog did; ids of renewals, and for what could not be looked at the certificate. */
export interface WatchReport {
  /** Were queued, and had their turn. */
  readonly started: readonly string[];
  /** Due, and still waiting for their turn. */
  readonly queued: number;
  /** Instance gone: started again under the same id. */
  readonly startedAgain: readonly string[];
  /** Ended without having closed their row: closed from what order and journal tell. */
  readonly closed: readonly string[];
  /** Past the time that they may take; given another half hour to move. */
  readonly silent: readonly string[];
  /** Did not move in that half hour either: stopped and closed, so that the next attempt takes up their order. */
  readonly stuck: readonly string[];
  /** The next look tries again. */
  readonly unreachable: readonly { readonly certificate: string; readonly problem: string }[];
}

type Draft = { -readonly [K in keyof WatchReport]: WatchReport[K] extends readonly (infer T)[] ? T[] : WatchReport[K] };

const SILENCE = 30 * 60_000;

/**
 * Looks after what the rows say is going on: renewals that are past the time that they may take, and those that wait for
 * their turn. The rows are believed, not the instances: a status may say `Running` for days while nothing runs.
 */
export async function watch(app: StartDependencies): Promise<WatchReport> {
  const report: Draft = { ...nothing(), queued: 0 };
  // The other app has a watchdog of its own.
  if ((await app.lease.hold()).state === 'elsewhere') return report;
  const queued: CertificateRow[] = [];
  const now = app.clock.now().toISOString();
  for await (const found of app.store.certificates('open')) {
    if (found.row.queuedAt !== undefined) queued.push(found.row);
    else if (isClaimed(found) && (found.row.expectedBy ?? '') < now)
      await attempt(found.row, report, () => judge(found, app, report));
  }
  await startQueued(queued, app, report);
  return report;
}

/** Nothing was found that a person would want to know. */
export function isQuiet({ queued, ...lists }: WatchReport): boolean {
  return queued === 0 && Object.values(lists).every((list) => list.length === 0);
}

function nothing() {
  return { started: [], startedAgain: [], closed: [], silent: [], stuck: [], unreachable: [] };
}

/** One that cannot be looked at keeps no other from being looked at. */
async function attempt(row: CertificateRow, report: Draft, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    report.unreachable.push({ certificate: `${row.vault}/${row.name}`, problem: problemOf(error) });
    return false;
  }
}

async function judge(found: Claimed, app: StartDependencies, report: Draft): Promise<void> {
  const { renewalId, expectedBy } = found.row;
  const instance = await app.orchestrations.find(renewalId);
  if (instance === undefined) {
    await startAgain(found, app);
    report.startedAgain.push(renewalId);
  } else if (instance.state === 'finished') {
    await closeFromRecords(found, { instance }, app);
    report.closed.push(renewalId);
  } else if (expectedBy === undefined || isAwake(found.row, instance, app.clock.now())) {
    await expectLater(withoutSilence(found), 0, app);
  } else await silence(found, instance, app, report);
}

/** It told of a wait that is not over, or its instance has moved since it was found silent. */
function isAwake({ silentSince }: CertificateRow, { status, updatedAt }: RenewalInstance, now: Date): boolean {
  const waits = status?.nextAttemptAt !== undefined && status.nextAttemptAt > now.toISOString();
  return waits || (silentSince !== undefined && updatedAt > silentSince);
}

async function silence(
  found: Claimed,
  instance: RenewalInstance,
  app: StartDependencies,
  report: Draft,
): Promise<void> {
  const { row, etag } = found;
  const now = app.clock.now();
  if (row.silentSince === undefined) await app.store.saveCertificate({ ...row, silentSince: now.toISOString() }, etag);
  if (now.getTime() - Date.parse(row.silentSince ?? now.toISOString()) < SILENCE) {
    report.silent.push(row.renewalId);
    return;
  }
  // A termination is a message as any other, and may never be read: the closed row stops what wakes up later.
  await app.orchestrations.terminate(row.renewalId, 'stuck');
  const detail = `it was expected to have moved by ${row.expectedBy}, and is silent since ${row.silentSince}`;
  await closeFromRecords(found, { instance, why: { reason: 'stuck', detail } }, app);
  report.stuck.push(row.renewalId);
}

function withoutSilence({ row, etag }: Claimed): Claimed {
  const { silentSince: _silent, ...heard } = row;
  return { row: heard, etag };
}

/** Vaults side by side; of each vault the most urgent first, until its turns are used up. */
async function startQueued(queued: readonly CertificateRow[], app: StartDependencies, report: Draft): Promise<void> {
  if (queued.length === 0) return;
  const estate = await app.estate();
  const ofVault = new Map<string, CertificateRow[]>();
  for (const row of queued) ofVault.set(row.vault, [...(ofVault.get(row.vault) ?? []), row]);
  await Promise.all([...ofVault.values()].map((rows) => inTurn(byUrgency(rows, estate, app.clock.now()), app, report)));
}

async function inTurn(rows: readonly CertificateRow[], app: StartDependencies, report: Draft): Promise<void> {
  for (const [index, row] of rows.entries()) {
    let isTurn = true;
    const request = { vault: row.vault, certificate: row.name, reason: 'sweep', force: false } as const;
    const isReached = await attempt(row, report, async () => {
      const answer = await startRenewal(request, app);
      if (answer.state === 'started') report.started.push(answer.renewalId);
      isTurn = answer.state !== 'waiting' || answer.outcomeReason !== 'queued';
    });
    if (isTurn && isReached) continue;
    report.queued += rows.length - index;
    return;
  }
}

/** Those with the least slack first; what left the estate file comes last. */
export function byUrgency<
  R extends { readonly vault: string; readonly name: string; readonly notAfter?: string | undefined },
>(rows: readonly R[], estate: Estate, now: Date): readonly R[] {
  const slackOf = (row: R): number => {
    const place = placeOf(estate, row.vault, row.name);
    if (place === undefined || row.notAfter === undefined) return Number.MAX_SAFE_INTEGER;
    return slackMilliseconds(now, new Date(row.notAfter), {
      plan: place.plan,
      targets: place.certificate.targets.length,
    });
  };
  const slack = new Map(rows.map((row) => [row, slackOf(row)]));
  return [...rows].sort((one, other) => (slack.get(one) ?? 0) - (slack.get(other) ?? 0));
}
