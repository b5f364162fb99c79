import { asciiJson } from '../ascii-json.ts';
import { RenewalError } from '../errors.ts';
import { type AppRowStore, only } from '../estate/app-rows.ts';
import type { EstateVault } from '../plan/types.ts';
import type { Vault, VersionFacts } from '../vault/port.ts';
import type { ArrivalDependencies } from './arrivals.ts';
import {
  type EventPath,
  type Evidence,
  GRACE_MILLISECONDS,
  isHeard,
  judge,
  LOOKED_BACK_MILLISECONDS,
} from './judge.ts';
import type { AuditLog } from './port.ts';

/** What the check of the event paths needs. */
export interface MonitorDependencies extends ArrivalDependencies {
  readonly vault: Pick<Vault, 'inspect'>;
  /** Absent: no workspace is set, and nobody looks. */
  readonly auditLog?: AuditLog;
}

/** What the last look found. When it failed, `paths` are those of the look before, and say nothing about now. */
export type EventPathsReport =
  | { readonly state: 'looked'; readonly paths: readonly EventPath[] }
  | { readonly state: 'failed'; readonly code: string; readonly problem: string; readonly paths: readonly EventPath[] };

/** The last look, with its time (ISO 8601). */
export type LastLook = EventPathsReport & { readonly completedAt: string };

/** An announcement takes a call to the vault when its event is missing: of one vault no more than these, the newest. */
const MOST_INSPECTED = 5;

/**
 * Compares what Key Vault announced, by its audit log, with the events that arrived, vault by vault, and keeps the answer.
 * `undefined`: no workspace is set, or another app looks after the estate. Never throws for a log or a vault that cannot be read: that is an answer, and never
 * reads as "all is well"; `storage-*` is thrown.
 */
export async function checkEventPaths(app: MonitorDependencies): Promise<EventPathsReport | undefined> {
  if (app.auditLog === undefined || (await app.lease.hold()).state === 'elsewhere') return undefined;
  const before = await lastLook(app.rows);
  const report = await look(app.auditLog, app, before?.paths ?? []);
  await keep(report, app);
  return report;
}

/** `undefined` before the first. */
export async function lastLook(rows: AppRowStore): Promise<LastLook | undefined> {
  const found = await rows.get('eventPaths', only);
  if (found === undefined) return undefined;
  const { completedAt, report } = found.row;
  return { ...(JSON.parse(report) as EventPathsReport), completedAt };
}

async function look(log: AuditLog, app: MonitorDependencies, before: readonly EventPath[]): Promise<EventPathsReport> {
  const now = app.clock.now();
  const at = now.getTime();
  const overdue = new Date(at - GRACE_MILLISECONDS);
  try {
    const [announced, logged] = await Promise.all([
      log.announcements({ from: new Date(at - LOOKED_BACK_MILLISECONDS), to: overdue }),
      log.loggedVaults({ from: new Date(at - DAY), to: now }),
    ]);
    const writers = new Set(logged.map(({ resourceId }) => resourceId));
    const paths: EventPath[] = [];
    for (const vault of (await app.estate()).vaults) {
      const of = announced.filter(({ resourceId }) => resourceId === vault.resourceId.toLowerCase());
      const known = before.find(({ vault: name }) => name === vault.name);
      const isLogged = writers.has(vault.resourceId.toLowerCase());
      const evidence = await evidenceOf(vault, { announced: of, before: known, isLogged }, app);
      paths.push(judge(vault.name, evidence, now));
    }
    return { state: 'looked', paths };
  } catch (error) {
    if (!(error instanceof RenewalError) || !aboutTheLog(error)) throw error;
    return { state: 'failed', code: error.code, problem: error.message.slice(0, 300), paths: before };
  }
}

const DAY = 86_400_000;

function aboutTheLog({ code }: RenewalError): boolean {
  return code.startsWith('log-');
}

/** Vaults are asked only about announcements whose events are missing, which is about none. */
async function evidenceOf(
  vault: EstateVault,
  found: Pick<Evidence, 'announced' | 'isLogged'> & { readonly before: EventPath | undefined },
  app: MonitorDependencies,
): Promise<Evidence> {
  const { before, ...rest } = found;
  const arrivals = (await app.rows.get('arrivals', vault.name))?.row;
  const versions = new Map<string, VersionFacts | undefined>();
  const unheard = found.announced.filter(({ at }) => !isHeard(at, arrivals?.expiryAt)).slice(0, MOST_INSPECTED);
  for (const { certificate } of unheard) versions.set(certificate, await currentOf(vault, certificate, app.vault));
  return { ...rest, ...(before && { before }), ...(arrivals && { arrivals }), versions };
}

/** What cannot be asked is not known: the announcement is then no proof of anything. */
async function currentOf(
  vault: EstateVault,
  name: string,
  port: Pick<Vault, 'inspect'>,
): Promise<VersionFacts | undefined> {
  try {
    const held = await port.inspect({ vault: vault.uri, name }, 'version');
    return held.state === 'present' ? held.current : undefined;
  } catch (error) {
    if (error instanceof RenewalError && error.code.startsWith('vault-')) return undefined;
    throw error;
  }
}

/** Of several instances at once the last one is right. */
async function keep(report: EventPathsReport, { rows, clock }: MonitorDependencies): Promise<void> {
  const etag = (await rows.get('eventPaths', only))?.etag;
  await rows.save('eventPaths', only, { completedAt: clock.now().toISOString(), report: asciiJson(report) }, etag);
}
