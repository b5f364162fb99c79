import type { StandClock } from '../clock.ts';
import type { AuditRecord } from '../vault/audit.ts';
import type { Row } from './values.ts';

/** The rows of `AZKVAuditLogs`: what the vaults of the stand wrote down, as soon as a query can see it. */
export interface AuditTable {
  add(record: AuditRecord): void;
  /** Those that have come through by now, oldest first. */
  rows(): readonly Row[];
}

/** Azure promises ten minutes at most. */
const INGESTION_SECONDS = 300;

/** Older ones go: a stand that is up for days must not fill the memory. */
const MOST = 100_000;

export function createAuditTable(
  clock: StandClock,
  { ingestionSeconds = INGESTION_SECONDS, most = MOST }: { ingestionSeconds?: number; most?: number } = {},
): AuditTable {
  const kept: { readonly visibleAt: number; readonly row: Row }[] = [];
  return {
    add(record) {
      kept.push({ visibleAt: record.time.getTime() + ingestionSeconds * 1000, row: rowOf(record) });
      if (kept.length > most) kept.shift();
    },
    rows() {
      const now = clock.now().getTime();
      return kept.filter(({ visibleAt }) => visibleAt <= now).map(({ row }) => row);
    },
  };
}

/** Columns that the stand knows something of; all others are empty. */
function rowOf(record: AuditRecord): Row {
  const resourceId = record.resourceId.toLowerCase();
  const { caller } = record;
  const claims = caller && { oid: caller.id, ...(caller.clientId !== undefined && { appid: caller.clientId }) };
  return {
    TimeGenerated: record.time,
    OperationName: record.operation,
    ResultType: record.status < 400 ? 'Success' : 'Failed',
    ResultSignature: record.signature,
    ResultDescription: record.description,
    HttpStatusCode: record.status,
    DurationMs: record.milliseconds,
    CallerIpAddress: record.address,
    CorrelationId: record.correlationId,
    Identity: claims === undefined ? null : { claim: claims },
    Id: record.id,
    RequestUri: record.requestUri,
    ClientInfo: record.client,
    _ResourceId: resourceId,
    _SubscriptionId: /^\/subscriptions\/([^/]+)/.exec(resourceId)?.[1] ?? '',
    Type: 'AZKVAuditLogs',
  };
}
