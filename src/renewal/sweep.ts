import { asciiJson } from '../ascii-json.ts';
import { RenewalError } from '../errors.ts';
import { only } from '../estate/app-rows.ts';
import type { CertificateRow } from '../estate/port.ts';
import type { Estate, EstateCertificate } from '../plan/types.ts';
import { cancelOpenOrders } from './cancel-order.ts';
import { placeOf } from './place.ts';
import { type StartDependencies, type Started, startRenewal } from './start.ts';
import { type CredentialExpiry, type CredentialTold, watchCredentials } from './watch-credentials.ts';
import { byUrgency } from './watchdog.ts';
import { createWindowLook, type WindowLook } from './window-look.ts';

/** What one sweep found. Certificates are named `vault/certificate`, renewals by their ids. */
export interface SweepReport {
  readonly looked: number;
  readonly started: readonly string[];
  readonly running: readonly string[];
  readonly waiting: number;
  /** Due, and waiting for their turn: the watchdog starts them. */
  readonly queued: number;
  readonly refused: readonly { readonly certificate: string; readonly reason: string }[];
  /** Could not be looked at: the next sweep tries again. */
  readonly unreachable: readonly { readonly certificate: string; readonly problem: string }[];
  /** In a vault of the estate, but in no plan. */
  readonly unowned: readonly string[];
  /** Looked after once, and no longer in the estate file. */
  readonly orphans: readonly string[];
  /** Due for more than a day, and nothing runs for them. */
  readonly overdue: readonly string[];
  /** Their current version has expired. */
  readonly expired: readonly string[];
  /** Ended renewals whose order the issuer has still to cancel. */
  readonly openOrders: readonly string[];
  /** Issuers that did not say when they wish certificates to be replaced: what they said before still holds. */
  readonly unanswered: readonly { readonly issuer: string; readonly problem: string }[];
  /** Credentials of issuers that will be refused soon, or are already. */
  readonly credentials: readonly CredentialTold[];
}

/** When a certificate of the estate expires: names as the estate file writes them, the time in ISO 8601. */
export interface Expiry {
  readonly vault: string;
  readonly certificate: string;
  readonly notAfter: string;
}

const AT_ONCE = 8;
const DAY = 86_400_000;

/**
 * Looks at every certificate of the estate, the most urgent first, and starts what is due: the authority, of which events
 * are only a faster echo. One certificate or vault that cannot be reached keeps no other from being looked at. `onExpiry`
 * hears of every certificate of the estate that a vault listed: it asks no vault for more; `onCredential` of every credential
 * of an issuer that expires.
 */
export async function sweep(
  app: StartDependencies,
  onExpiry: (expiry: Expiry) => void = () => undefined,
  onCredential: (expiry: CredentialExpiry) => void = () => undefined,
): Promise<SweepReport> {
  const startedAt = app.clock.now();
  const hold = await app.lease.hold();
  if (hold.state === 'elsewhere') return { ...empty(), refused: [{ certificate: '*', reason: 'another-app' }] };
  const estate = await app.estate();
  const rows = await rowsOf(app);
  const report = empty();
  listOrphans(estate, rows, report);
  // Before anything is started: an order that is cancelled by now is not taken up.
  report.openOrders.push(...(await cancelOpenOrders(rows.values(), app)));
  const known = estate.certificates.map((one) => ({ ...one, row: rows.get(keyOf(one)) }));
  const queue = [
    ...byUrgency(
      known.map((one) => ({ ...one, notAfter: one.row?.notAfter })),
      estate,
      startedAt,
    ),
  ];
  const windows = createWindowLook(app, estate);
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await look(next, { app, report, windows });
  });
  await Promise.all(workers);
  report.unanswered.push(...windows.unanswered);
  for (const vault of estate.vaults) await listVault(vault, estate.certificates, { app, report, onExpiry });
  report.credentials.push(...(await watchCredentials(estate, app, onCredential)));
  await keep(report, startedAt, app);
  return report;
}

type Draft = { -readonly [K in keyof SweepReport]: SweepReport[K] extends readonly (infer T)[] ? T[] : SweepReport[K] };

function empty(): Draft {
  const lists = { started: [], running: [], refused: [], unreachable: [], unowned: [], orphans: [] };
  const more = { overdue: [], expired: [], openOrders: [], unanswered: [], credentials: [] };
  return { looked: 0, waiting: 0, queued: 0, ...lists, ...more };
}

function keyOf({ vault, name }: { readonly vault: string; readonly name: string }): string {
  return `${vault}/${name}`.toLowerCase();
}

async function rowsOf(app: StartDependencies): Promise<ReadonlyMap<string, CertificateRow>> {
  const rows = new Map<string, CertificateRow>();
  for await (const { row } of app.store.certificates()) rows.set(keyOf(row), row);
  return rows;
}

/** Nothing renews them any more, and something may still serve them. */
function listOrphans(estate: Estate, rows: ReadonlyMap<string, CertificateRow>, report: Draft): void {
  for (const { vault, name } of rows.values()) {
    if (placeOf(estate, vault, name) === undefined) report.orphans.push(`${vault}/${name}`);
  }
}

type Known = EstateCertificate & { readonly row: CertificateRow | undefined };

interface Look {
  readonly app: StartDependencies;
  readonly report: Draft;
  readonly windows: WindowLook;
}

async function look(certificate: Known, { app, report, windows }: Look): Promise<void> {
  const { vault, name, row } = certificate;
  report.looked++;
  try {
    const answer = await startRenewal({ vault, certificate: name, reason: 'sweep', force: false }, app, windows);
    note(`${vault}/${name}`, answer, report);
    if (answer.state !== 'started' && answer.state !== 'running') noteLate(certificate, app, report);
  } catch (error) {
    report.unreachable.push({ certificate: `${vault}/${name}`, problem: problemOf(error) });
    if (row?.state !== 'renewing') noteLate(certificate, app, report);
  }
}

/** What is late although it is looked after: it backs off, is refused, waits for its turn, or cannot be reached. */
function noteLate({ vault, name, row }: Known, app: StartDependencies, report: Draft): void {
  const now = app.clock.now().getTime();
  if (row?.dueAt !== undefined && Date.parse(row.dueAt) + DAY < now) report.overdue.push(`${vault}/${name}`);
  if (row?.notAfter !== undefined && Date.parse(row.notAfter) < now) report.expired.push(`${vault}/${name}`);
}

function note(certificate: string, answer: Started, report: Draft): void {
  switch (answer.state) {
    case 'started':
      report.started.push(answer.renewalId);
      return;
    case 'running':
      report.running.push(answer.renewalId);
      return;
    case 'waiting':
      report[answer.outcomeReason === 'queued' ? 'queued' : 'waiting']++;
      return;
    case 'refused':
      report.refused.push({ certificate, reason: answer.outcomeReason });
      return;
    default:
      answer satisfies never;
  }
}

/** A row holds at most a megabyte; who has more than this to mend begins with these. */
const LISTED = 200;

/** Keeps the report for whoever asks; of two sweeps at once either will do. */
async function keep(report: SweepReport, startedAt: Date, { rows, clock }: StartDependencies): Promise<void> {
  const cut = Object.entries(report).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.slice(0, LISTED) : value,
  ]);
  const times = { startedAt: startedAt.toISOString(), completedAt: clock.now().toISOString() };
  const found = await rows.get('sweep', only);
  try {
    await rows.save('sweep', only, { ...times, report: asciiJson(Object.fromEntries(cut)) }, found?.etag);
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
  }
}

/** Certificates that nobody planned for: an outage that nobody would own. Of the others it tells when they expire. */
async function listVault(
  vault: { readonly name: string; readonly uri: string },
  planned: readonly EstateCertificate[],
  to: { readonly app: StartDependencies; readonly report: Draft; readonly onExpiry: (expiry: Expiry) => void },
): Promise<void> {
  const own = planned.filter((one) => one.vault === vault.name);
  const known = new Map(own.map(({ name }) => [name.toLowerCase(), name] as const));
  try {
    for await (const { name, enabled, notAfter } of to.app.vault.list(vault.uri)) {
      const certificate = known.get(name.toLowerCase());
      if (certificate === undefined) to.report.unowned.push(`${vault.name}/${name}`);
      else if (enabled && notAfter !== undefined) to.onExpiry({ vault: vault.name, certificate, notAfter });
    }
  } catch (error) {
    to.report.unreachable.push({ certificate: `${vault.name}/*`, problem: problemOf(error) });
  }
}

function problemOf(error: unknown): string {
  if (error instanceof RenewalError) return `${error.code}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
