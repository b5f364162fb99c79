import { z } from 'zod';
import type { Clock } from '../../src/clock.ts';
import type { AccessControl, Principal } from '../access.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody } from '../emulator.ts';
import {
  badArgument,
  insufficientAccess,
  pathNotFound,
  queryAnswer,
  semanticError,
  syntaxError,
  throttled,
  unauthenticated,
  workspaceNotFound,
} from './answers.ts';
import { run } from './evaluate.ts';
import { parseQuery, type Schema } from './kusto-tree.ts';
import logTables from './log-tables.json' with { type: 'json' };
import { readTimespan, type Window } from './timespan.ts';
import { NotDoneError, type Row } from './values.ts';

/** The name of the public service, and the one that it had before: clients ask for tokens of either. */
export const LOG_AUDIENCES = ['https://api.loganalytics.azure.com', 'https://api.loganalytics.io'] as const;

export interface LogAnalyticsOptions {
  readonly access: AccessControl;
  readonly clock: Clock;
  /** GUID by which the workspace is queried. */
  readonly customerId: string;
  /** ARM id of the workspace: where roles are given out. */
  readonly resourceId: string;
  /** What has come through, by table. A table that is not named here has no rows. */
  readonly rows: Readonly<Record<string, () => readonly Row[]>>;
  /** Rows of one answer; Azure's limit by default. */
  readonly mostRows?: number;
  /** Queries of one user; Azure's limit by default. */
  readonly limit?: { readonly queries: number; readonly seconds: number };
}

/** https://learn.microsoft.com/azure/azure-monitor/service-limits#log-queries-and-language */
const MOST_ROWS = 500_000;
const LIMIT = { queries: 200, seconds: 30 };

const PATH = /^\/v1\/workspaces\/([^/]+)\/query$/;
const bodyShape = z.looseObject({
  query: z.string().min(1),
  timespan: z.string().nullish(),
  workspaces: z.array(z.string()).max(0).nullish(),
});

/** The query API of one Log Analytics workspace, for queries of the small part of Kusto that `evaluate.ts` runs. */
export function createLogAnalytics(options: LogAnalyticsOptions): Emulator {
  const admit = createAdmission(options);
  return {
    async handle(request) {
      const [, workspace] = PATH.exec(request.url.pathname.replace(/\/$/, '')) ?? [];
      if (workspace === undefined || request.method !== 'POST') return pathNotFound();
      const { authorization } = request.headers;
      const principal = LOG_AUDIENCES.map((one) => options.access.authenticate(authorization, one)).find(Boolean);
      if (principal === undefined) return unauthenticated(authorization !== undefined);
      const waitSeconds = admit(principal);
      if (waitSeconds !== undefined) return throttled(waitSeconds);
      if (workspace.toLowerCase() !== options.customerId.toLowerCase()) return workspaceNotFound();
      return query(request, principal, options);
    },
  };
}

/** How many seconds somebody has to wait who asked too often. */
function createAdmission({ clock, limit = LIMIT }: LogAnalyticsOptions) {
  const asked = new Map<string, number[]>();
  return ({ id }: Principal): number | undefined => {
    const now = clock.now().getTime();
    const recent = (asked.get(id) ?? []).filter((at) => at > now - limit.seconds * 1000);
    asked.set(id, recent);
    const [oldest = now] = recent;
    if (recent.length >= limit.queries) return Math.max(1, Math.ceil((oldest + limit.seconds * 1000 - now) / 1000));
    recent.push(now);
    return undefined;
  };
}

function query(request: EmulatorRequest, principal: Principal, options: LogAnalyticsOptions): EmulatorResponse {
  const { access, clock, resourceId, mostRows = MOST_ROWS } = options;
  const may = (action: string): boolean =>
    access.allows(principal, `Microsoft.OperationalInsights/workspaces/${action}`, resourceId.toLowerCase());
  // Both are asked, so that what a role lacks is seen as a whole.
  const allowed = ['read', 'query/read'].map(may);
  if (allowed.includes(false)) return insufficientAccess();
  const body = bodyShape.safeParse(jsonBody(request));
  const window = body.success ? readTimespan(body.data.timespan ?? undefined, clock.now()) : undefined;
  if (!body.success || window === undefined) {
    return badArgument({ code: 'InvalidJsonBody', message: 'The request body is not valid: query, timespan.' });
  }
  const tables = readable(body.data.query, (table) => may(`query/${table}/read`));
  const parsed = parseQuery(body.data.query, tables);
  if (parsed.state === 'wrong') {
    return (parsed.isSyntax ? syntaxError : semanticError)(parsed.code, parsed.message);
  }
  const rows = (table: string): readonly Row[] => within(options.rows[table]?.() ?? [], window);
  try {
    return queryAnswer(run(parsed, { now: clock.now(), tables, rows }), mostRows);
  } catch (error) {
    if (!(error instanceof NotDoneError)) throw error;
    return semanticError('NotSupportedByStand', `The stand's workspace does not run this: ${error.message}.`);
  }
}

/** The tables that a query names and its user may read: to the query there are no others. */
function readable(text: string, may: (table: string) => boolean): Readonly<Record<string, Schema>> {
  const known: Readonly<Record<string, { readonly columns: Schema }>> = logTables;
  const named = Object.entries(known).filter(([table]) => new RegExp(`\\b${table}\\b`).test(text));
  return Object.fromEntries(named.filter(([table]) => may(table)).map(([table, { columns }]) => [table, columns]));
}

function within(rows: readonly Row[], { from, to }: Window): readonly Row[] {
  return rows.filter(({ TimeGenerated: at }) => {
    if (!(at instanceof Date)) return true;
    return (from === undefined || at >= from) && (to === undefined || at < to);
  });
}
