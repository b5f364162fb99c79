import { z } from 'zod';
import type { Clock } from '../../../src/clock.ts';
import type { AccessControl, Principal } from '../../access.ts';
import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import { run } from '../../monitor/evaluate.ts';
import { parseQuery } from '../../monitor/kusto-tree.ts';
import { NotDoneError, type Row, type Value } from '../../monitor/values.ts';
import { armError } from '../answers.ts';
import type { ArmRequest, ArmRoute } from '../request.ts';
import { createQuota, type Quota } from './quota.ts';
import {
  type GraphResource,
  type GraphSource,
  graphTables,
  rowOf,
  subscriptionOf,
  subscriptionRow,
} from './resources.ts';

export interface GraphOptions {
  readonly access: AccessControl;
  readonly clock: Clock;
  /** Subscriptions that exist (GUIDs). */
  readonly subscriptions: readonly string[];
  /** One of each emulated provider. */
  readonly sources: readonly GraphSource[];
  /** How far the read model may be behind; 0: never. */
  readonly lagSeconds?: number;
  /** Queries of one principal; absent: Azure's example. */
  readonly quota?: { readonly queries: number; readonly seconds: number };
}

const MOST_ROWS = 1000;
/** Nobody promises anything: minutes are told of. */
const LAG_SECONDS = 30;
const QUOTA = { queries: 15, seconds: 5 };

const bodyShape = z.looseObject({
  query: z.string().min(1),
  subscriptions: z.array(z.string()).optional(),
  options: z
    .looseObject({
      resultFormat: z.literal('objectArray'),
      $top: z.int().min(1).max(MOST_ROWS).default(MOST_ROWS),
      $skipToken: z.string().optional(),
    })
    .optional(),
});

/** https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources, as rows of objects. */
export function graphRoutes(options: GraphOptions): readonly ArmRoute[] {
  const { clock, quota = QUOTA } = options;
  const take = createQuota(clock, quota);
  const model = createModel(options);
  return [
    {
      method: 'POST',
      template: '/providers/microsoft.resourcegraph/resources',
      action: 'Microsoft.ResourceGraph/resources/read',
      run(request) {
        const taken = take(request.principal.id);
        if (taken.state === 'empty') return withQuota(rateLimited(), taken);
        return withQuota(answer(request, options, model), taken);
      },
    },
  ];
}

/** All resources as they were when the model was last brought up to date: that is done when somebody asks. */
function createModel({ clock, sources, lagSeconds = LAG_SECONDS }: GraphOptions): () => readonly GraphResource[] {
  let taken: { readonly at: number; readonly text: string } | undefined;
  return () => {
    const now = clock.now().getTime();
    if (taken === undefined || now - taken.at >= lagSeconds * 1000) {
      taken = { at: now, text: JSON.stringify(sources.flatMap((source) => source())) };
    }
    return JSON.parse(taken.text) as readonly GraphResource[];
  };
}

function answer(
  { principal, body }: ArmRequest,
  options: GraphOptions,
  model: () => readonly GraphResource[],
): EmulatorResponse {
  const asked = bodyShape.safeParse(body);
  if (!asked.success)
    return badRequest('InvalidQuery', 'The request body is not valid: query, subscriptions, options.');
  const { query, subscriptions = options.subscriptions, options: paging } = asked.data;
  const seen = visible(principal, subscriptions, options);
  if (seen.length === 0) {
    return badRequest(
      'NoValidSubscriptionsInQueryRequest',
      'There must be at least one subscription that is eligible to contain resources.',
    );
  }
  const parsed = parseQuery(query, graphTables);
  if (parsed.state === 'wrong') return badRequest('InvalidQuery', `${parsed.code}: ${parsed.message}`);
  try {
    const { columns, rows } = run(parsed, {
      now: options.clock.now(),
      tables: graphTables,
      rows: (table) => (table === 'resources' ? rowsFor(principal, seen, model(), options) : seen.map(subscriptionRow)),
    });
    const names = columns.map(({ name }) => name);
    return page(
      rows.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at] ?? null]))),
      paging,
    );
  } catch (error) {
    if (!(error instanceof NotDoneError)) throw error;
    return badRequest('NotSupportedByStand', `The stand's Resource Graph does not run this: ${error.message}.`);
  }
}

/** A subscription in which somebody may do nothing is not there for them. */
function visible(principal: Principal, asked: readonly string[], { access, subscriptions }: GraphOptions) {
  const known = subscriptions.filter((one) => asked.some((wanted) => wanted.toLowerCase() === one.toLowerCase()));
  return known.filter((one) =>
    access.allows(principal, 'Microsoft.Resources/subscriptions/read', `/subscriptions/${one}`),
  );
}

/** Rows that the principal may read: of the others nothing is said. */
function rowsFor(
  principal: Principal,
  seen: readonly string[],
  resources: readonly GraphResource[],
  { access }: GraphOptions,
): readonly Row[] {
  return resources
    .filter(({ id }) => seen.some((one) => one.toLowerCase() === subscriptionOf(id)))
    .filter(({ id, type }) => access.allows(principal, `${type}/read`, id.toLowerCase()))
    .map(rowOf);
}

type Paging = z.output<typeof bodyShape>['options'];

function page(rows: readonly Readonly<Record<string, Value>>[], paging: Paging): EmulatorResponse {
  const { $top = MOST_ROWS, $skipToken } = paging ?? {};
  const from = $skipToken === undefined ? 0 : Number(Buffer.from($skipToken, 'base64url').toString());
  if (!Number.isInteger(from)) return badRequest('InvalidSkipToken', 'The skip token is not valid.');
  const data = rows.slice(from, from + $top);
  const rest = from + data.length < rows.length;
  const next = Buffer.from(String(from + data.length)).toString('base64url');
  return jsonResponse(200, {
    ...{ totalRecords: rows.length, count: data.length, data, facets: [] },
    // Words, not booleans.
    resultTruncated: String(rest),
    ...(rest && { $skipToken: next }),
  });
}

function badRequest(code: string, message: string): EmulatorResponse {
  return jsonResponse(400, {
    error: {
      code: 'BadRequest',
      message: 'Please provide below info when asking for support.',
      details: [{ code, message }],
    },
  });
}

function rateLimited(): EmulatorResponse {
  return armError(429, 'RateLimiting', 'Please provide below info when asking for support: the request is throttled.');
}

function withQuota(response: EmulatorResponse, { remaining, resetsAfterSeconds }: Quota): EmulatorResponse {
  const seconds = String(resetsAfterSeconds % 60).padStart(2, '0');
  const minutes = String(Math.floor(resetsAfterSeconds / 60) % 60).padStart(2, '0');
  const headers = {
    'x-ms-user-quota-remaining': String(remaining),
    'x-ms-user-quota-resets-after': `00:${minutes}:${seconds}`,
  };
  return { ...response, headers: { ...response.headers, ...headers } };
}
