import { asciiJson } from '../../ascii-json.ts';
import type { Clock } from '../../clock.ts';
import { RenewalError } from '../../errors.ts';
import { type AppRowStore, only } from '../../estate/app-rows.ts';
import type { AuditLog } from '../../monitor/port.ts';
import { planOf } from '../../plan/look-up.ts';
import type { Estate, EstateCertificate } from '../../plan/types.ts';
import type { Lease } from '../../renewal/lease.ts';
import type { Vault } from '../../vault/port.ts';
import { useKinds } from './found.ts';
import { heldOf } from './held.ts';
import { joinUses } from './join.ts';
import { type LookDependencies, lookForUses } from './look.ts';
import { type CertificateReport, type EstateUses, type LookReport, summaryOf } from './report.ts';
import { readersByCertificate, type SecretReaders } from './secret-readers.ts';
import { warningsOf } from './warnings.ts';

/** What looking for uses needs. */
export interface UsesDependencies {
  readonly clock: Clock;
  readonly estate: () => Promise<Estate>;
  readonly rows: AppRowStore;
  readonly lease: Lease;
  readonly vault: Pick<Vault, 'inspect' | 'versions'>;
  /** Absent: no workspace is set, and nobody knows who reads secrets. */
  readonly auditLog?: AuditLog;
  /** Resource Graph and Resource Manager, by the reader's identity. */
  readonly discovery: LookDependencies;
  /** 0: nobody looks. */
  readonly usesHours: number;
}

const HOUR = 3_600_000;
/** Sweeps are an hour apart, and not to the second. */
const EARLY = HOUR / 2;

/**
 * Looks where the estate's certificates are used, when the last look is old enough, and keeps what it found: a row for each
 * certificate whose uses have changed, and one of the whole. `undefined`: it was not time, or another app looks after the estate. Never throws for what Azure does
 * not show: that is told in the report; `storage-*` is thrown.
 */
export async function refreshUses(app: UsesDependencies): Promise<EstateUses | undefined> {
  if (app.usesHours === 0 || (await app.lease.hold()).state === 'elsewhere') return undefined;
  const before = await lastLookForUses(app.rows);
  if (before !== undefined && !isOld(before, app)) return undefined;
  const report = await look(app, before);
  const completedAt = app.clock.now().toISOString();
  await keep(app.rows, { kind: 'usesLook', key: only, row: { completedAt, report: asciiJson(report) } });
  return { ...report, completedAt };
}

/** One that failed is as good as none, and one that met what passes has seen a part: the next sweep looks again. */
function isOld({ state, problems, completedAt }: EstateUses, { clock, usesHours }: UsesDependencies): boolean {
  const age = clock.now().getTime() - Date.parse(completedAt);
  return state === 'failed' || problems.some(({ code }) => passing.includes(code)) || age >= usesHours * HOUR - EARLY;
}

const passing: readonly string[] = ['arm-throttled', 'arm-unreachable'];

/** Whether the last look has seen every kind of place in every subscription: else there may be more than it has found. */
export function sawEverything({ state, problems, unseen }: EstateUses): boolean {
  const isBlind = problems.some(({ kind }) => (useKinds as readonly string[]).includes(kind));
  return state === 'looked' && !isBlind && unseen.length === 0;
}

/** `undefined` before the first. */
export async function lastLookForUses(rows: AppRowStore): Promise<EstateUses | undefined> {
  const found = await rows.get('usesLook', only);
  if (found === undefined) return undefined;
  return { ...(JSON.parse(found.row.report) as LookReport), completedAt: found.row.completedAt };
}

/** What is known of one certificate; `undefined`: nothing yet. Names as the estate file writes them. */
export async function usesOfCertificate(
  { vault, name }: Pick<EstateCertificate, 'vault' | 'name'>,
  rows: AppRowStore,
): Promise<CertificateReport | undefined> {
  const found = await rows.get('uses', `${vault}/${name}`);
  return found && (JSON.parse(found.row.report) as CertificateReport);
}

async function look(app: UsesDependencies, before: LookReport | undefined): Promise<LookReport> {
  const estate = await app.estate();
  try {
    return await lookAtAll(estate, app);
  } catch (error) {
    if (!(error instanceof RenewalError) || !error.code.startsWith('arm-')) throw error;
    const failed = { state: 'failed', code: error.code, problem: error.message.slice(0, 300) } as const;
    return { ...(before ?? summaryOf([], { unseen: [], problems: [], audit: 'off' })), ...failed };
  }
}

async function lookAtAll(estate: Estate, app: UsesDependencies): Promise<LookReport> {
  const seen = await lookForUses(subscriptionsOf(estate), app.discovery);
  const compared = await heldOf(estate, seen, app.vault);
  const joined = joinUses(estate, seen, compared.held);
  const readers = await readersByCertificate(estate, { found: seen.found, log: app.auditLog, now: app.clock.now() });
  const reports = joined.map((one): CertificateReport => {
    const planned = estate.certificates.find(
      ({ vault, name }) => vault === one.vault && name.toLowerCase() === one.name,
    );
    const plan = planned && planOf(estate, planned);
    return {
      ...{ ...one, name: planned?.name ?? one.name },
      warnings: plan === undefined ? [] : warningsOf(one.uses, { plan, issuer: estate.issuers[plan.issuer] }),
      ...{ unexplainedReaders: unexplained(readers, one), moreUses: 0 },
    };
  });
  for (const one of reports.filter(({ isPlanned }) => isPlanned)) {
    const report = asciiJson(cut(one));
    await keep(app.rows, { kind: 'uses', key: `${one.vault}/${one.name}`, row: { report } });
  }
  const problems = [...seen.problems, ...compared.problems, ...readers.problems];
  return summaryOf(reports, { unseen: seen.unseen, problems, audit: readers.state });
}

/** A row holds a megabyte, of two bytes a character. */
const MOST_CHARACTERS = 400_000;
/** Ids of some hundred characters at most; `GET /api/uses` counts them all. */
const MOST_STALE = 500;

/** As many uses as a row holds: of thousands of machines their number tells the rest. */
function cut(report: CertificateReport): CertificateReport {
  let characters = 0;
  const uses = report.uses.filter((use) => {
    characters += asciiJson(use).length;
    return characters <= MOST_CHARACTERS;
  });
  return { ...report, uses, moreUses: report.uses.length - uses.length, stale: report.stale.slice(0, MOST_STALE) };
}

function unexplained({ byCertificate }: SecretReaders, { vault, name }: { vault: string; name: string }) {
  return byCertificate.get(`${vault}/${name}`.toLowerCase()) ?? [];
}

/** Those of the vaults, and those that the estate file adds. */
function subscriptionsOf({ vaults, subscriptions = [] }: Estate): readonly string[] {
  return [...vaults.flatMap(({ resourceId }) => resourceId.split('/')[2] ?? []), ...subscriptions];
}

type Kept =
  | { readonly kind: 'uses'; readonly key: string; readonly row: { readonly report: string } }
  | {
      readonly kind: 'usesLook';
      readonly key: string;
      readonly row: { readonly completedAt: string; readonly report: string };
    };

/** What has not changed is not written; of two looks at once either will do. */
async function keep(rows: AppRowStore, { kind, key, row }: Kept): Promise<void> {
  const found = await rows.get(kind, key);
  if (kind === 'uses' && found?.row.report === row.report) return;
  try {
    await rows.save(kind, key, row, found?.etag);
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
  }
}
