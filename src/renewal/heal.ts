import type { CertificateRow, Versioned } from '../estate/port.ts';
import type { JournalEntry } from '../journal/port.ts';
import { withoutOrder } from './cancel-order.ts';
import type { Dependencies } from './dependencies.ts';
import { mergedVersion, withMergedVersion } from './merged-version.ts';
import type { Orchestrations, RenewalInstance } from './orchestrations.ts';
import type { Reason } from './outcomes.ts';
import { placeOf } from './place.ts';
import { closedRow } from './steps/close.ts';
import { expectLater } from './steps/expect-later.ts';
import type { Ended, RenewalInput, RenewalResult } from './story.ts';

/** A row whose renewal was claimed and has not been closed. */
export type Claimed = Versioned<CertificateRow & { readonly renewalId: string }>;

/** Narrows a row that was read to one that is claimed. */
export function isClaimed(found: Versioned<CertificateRow> | undefined): found is Claimed {
  return found?.row.state === 'renewing' && found.row.renewalId !== undefined;
}

/**
 * Starts a claimed renewal whose instance is gone, or never was, under its own id: its order is taken up, its journal goes
 * on. When the new version exists already, only what comes after the merge is left to do.
 */
export async function startAgain(
  { row, etag }: Claimed,
  app: Dependencies & { readonly orchestrations: Orchestrations },
): Promise<void> {
  const { renewalId, vault, name: certificate, startReason: reason = 'sweep', startScope } = row;
  const { requester, traceparent, expectedVersion } = row;
  const scope = startScope ?? ((await mergedVersion(row, app)) === undefined ? undefined : 'deploy');
  await record(renewalId, app, { key: 'start:again', step: 'start', kind: 'fact', facts: { scope: scope ?? 'whole' } });
  await expectLater({ row, etag }, 0, app);
  // What was claimed as found is judged once more: nobody knows how far the instance had come.
  const isFound = startScope === 'deploy' && row.found !== undefined && row.found === row.expectedVersion;
  const by = {
    ...(scope && { scope }),
    ...(reason === 'window-opened' && expectedVersion !== undefined && { windowOf: expectedVersion }),
    ...(isFound && row.found !== undefined && { adopts: row.found }),
    ...(requester !== undefined && { requester }),
    ...(traceparent !== undefined && { traceparent }),
  };
  // What started by itself goes on only while it is due; what a person asked for was decided when they asked.
  const input: RenewalInput = { renewalId, vault, certificate, reason, force: reason === 'manual', ...by };
  await app.orchestrations.start(input);
}

/**
 * Closes the row of a renewal that has ended without doing it, or that is `ended` from outside: by its own result if it
 * has one, else by what order and journal tell. Answers with the row as it is now.
 */
export async function closeFromRecords(
  { row, etag }: Claimed,
  ended: { readonly instance: RenewalInstance; readonly why?: { readonly reason: Reason; readonly detail: string } },
  app: Dependencies & { readonly onClosed?: (row: CertificateRow) => void },
): Promise<Versioned<CertificateRow>> {
  const { instance, why } = ended;
  const { reason, detail } = why ?? { reason: 'step-failed', detail: `the orchestration is ${instance.runtimeStatus}` };
  const known = instance.result ?? (await resultOf(row, { reason, detail }, app));
  const result = await withMergedVersion(known, row, app);
  const { outcome, outcomeReason } = result;
  const facts = { outcome, reason: outcomeReason, detail: result.detail, orchestration: instance.runtimeStatus };
  await record(row.renewalId, app, { key: 'close:from-records', step: 'close', kind: 'decision', facts });
  const plan = placeOf(await app.estate(), row.vault, row.name)?.plan;
  const left = await withoutOrder(row, result, app);
  const closed = closedRow(left, { result, plan, now: app.clock.now() });
  const saved = { row: closed, etag: await app.store.saveCertificate(closed, etag) };
  app.onClosed?.(closed);
  return saved;
}

/** What can be said of a renewal that cannot say it itself. Once the new version exists, pull targets take it. */
async function resultOf(
  row: Claimed['row'],
  { reason: outcomeReason, detail }: { readonly reason: Reason; readonly detail: string },
  app: Dependencies,
): Promise<RenewalResult> {
  const { renewalId, vault, name: certificate, startReason: reason = 'sweep' } = row;
  const version = await mergedVersion(row, app);
  const end: Ended = { outcome: version === undefined ? 'failed' : 'partly-deployed', outcomeReason, detail };
  return { renewalId, vault, certificate, reason, ...end, ...(version && { new: version }), targets: [] };
}

async function record(renewalId: string, app: Dependencies, entry: Omit<JournalEntry, 'at'>): Promise<void> {
  await app.journal.append(renewalId, { ...entry, at: app.clock.now().toISOString() });
}
