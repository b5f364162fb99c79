import type { InstanceFilter, InstanceStatus, RuntimeStatus, TaskHub } from '../types.ts';
import { publicHistory } from './durable-history.ts';
import { type DurablePlaces, instanceLinks } from './durable-links.ts';
import { isJson, startInstance } from './durable-start.ts';
import { type HostRequest, type HostResponse, json } from './exchange.ts';

export interface DurableApiOptions {
  readonly hub: TaskHub;
  readonly places: DurablePlaces;
}

/** Answers for `rest`, the path below the API's root. The client's RPC and the management API are the same routes. */
export type DurableApi = (request: HostRequest, rest: string) => Promise<HostResponse>;

interface Call extends DurableApiOptions {
  readonly request: HostRequest;
  readonly query: URLSearchParams;
}

const UNKNOWN: HostResponse = { status: 404 };

/** The HTTP API of Durable Functions on a task hub. */
export function durableApi(options: DurableApiOptions): DurableApi {
  return async (request, rest) => {
    const call: Call = { ...options, request, query: request.url.searchParams };
    const [collection = '', ...path] = rest.split('/').filter((segment) => segment !== '');
    switch (collection.toLowerCase()) {
      case 'orchestrators':
        return request.method === 'POST' && path.length >= 1 && path.length <= 2 ? startInstance(call, path) : UNKNOWN;
      case 'instances':
        return path.length === 0 ? instances(call) : instance(call, path);
      case 'entities':
        return { status: 501, body: 'This host has no durable entities.' };
      default:
        return UNKNOWN;
    }
  };
}

async function instances(call: Call): Promise<HostResponse> {
  switch (call.request.method) {
    case 'GET':
      return listed(call);
    case 'DELETE':
      return purgedMany(call);
    default:
      return UNKNOWN;
  }
}

async function instance(call: Call, [id = '', operation, ...more]: readonly string[]): Promise<HostResponse> {
  const { request } = call;
  if (operation === undefined) {
    if (request.method === 'GET') return status(call, id);
    return request.method === 'DELETE' ? purged(call, id) : UNKNOWN;
  }
  if (request.method !== 'POST') return UNKNOWN;
  if (operation.toLowerCase() === 'raiseevent' && more.length === 1) return raised(call, { id, name: more[0] ?? '' });
  return more.length === 0 ? controlled(call, { id, operation: operation.toLowerCase() }) : UNKNOWN;
}

async function controlled(call: Call, { id, operation }: { id: string; operation: string }): Promise<HostResponse> {
  const { hub, query } = call;
  const reason = query.get('reason') ?? '';
  switch (operation) {
    case 'terminate':
      return accepted(await hub.terminate(id, reason));
    case 'suspend':
      return accepted(await hub.suspend(id, reason));
    case 'resume':
      return accepted(await hub.resume(id, reason));
    case 'rewind':
      return accepted(await hub.rewind(id, reason));
    case 'restart':
      return restarted(call, id);
    default:
      return UNKNOWN;
  }
}

function accepted(end: 'accepted' | 'finished' | 'unknown' | 'not-failed'): HostResponse {
  switch (end) {
    case 'accepted':
      return { status: 202 };
    case 'finished':
      return { status: 410 };
    case 'not-failed':
      return { status: 412, body: 'The rewind operation is only supported on failed orchestration instances.' };
    case 'unknown':
      return UNKNOWN;
    default:
      return end satisfies never;
  }
}

async function restarted({ hub, places, query }: Call, id: string): Promise<HostResponse> {
  const end = await hub.restart(id, query.get('restartWithNewInstanceId') !== 'false');
  if (end.state === 'started') {
    const links = instanceLinks(places, end.instanceId);
    return json(202, links, { location: links.statusQueryGetUri, 'retry-after': '10' });
  }
  return end.state === 'conflict'
    ? { status: 409, body: 'The instance is not finished yet.' }
    : { status: 400, body: 'There is no instance of that id.' };
}

async function raised({ hub, request }: Call, { id, name }: { id: string; name: string }): Promise<HostResponse> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return { status: 400, body: 'Only application/json request content is supported' };
  const body = new TextDecoder().decode(request.body);
  const input = body === '' ? 'null' : body;
  if (!isJson(input)) return { status: 400, body: 'The request body is no valid JSON.' };
  return accepted(await hub.raiseEvent(id, name, input));
}

async function purged({ hub }: Call, id: string): Promise<HostResponse> {
  const end = await hub.purge(id);
  if (end === 'unknown') return UNKNOWN;
  return end === 'running'
    ? { status: 412, body: 'The instance is not finished yet.' }
    : json(200, { instancesDeleted: 1 });
}

async function purgedMany({ hub, query }: Call): Promise<HostResponse> {
  const filter = filterOf(query);
  if (filter?.createdTimeFrom === undefined) return { status: 400, body: 'createdTimeFrom must be a valid date.' };
  const instancesDeleted = await hub.purgeMany(filter);
  return instancesDeleted === 0 ? UNKNOWN : json(200, { instancesDeleted });
}

async function listed({ hub, query, request }: Call): Promise<HostResponse> {
  const filter = filterOf(query);
  if (filter === undefined) return { status: 400, body: 'A filter is wrong.' };
  const token = request.headers['x-ms-continuation-token'];
  const page = await hub.list({ ...filter, ...(token === undefined ? {} : { continuationToken: token }) });
  const showInput = query.get('showInput') !== 'false';
  const next: Record<string, string> =
    page.continuationToken === undefined ? {} : { 'x-ms-continuation-token': page.continuationToken };
  return json(
    200,
    page.instances.map((found) => payload(found, showInput)),
    next,
  );
}

const UNFINISHED: ReadonlySet<RuntimeStatus> = new Set(['Pending', 'Running', 'ContinuedAsNew', 'Suspended']);

async function status({ hub, query, places }: Call, id: string): Promise<HostResponse> {
  const found = await hub.status(id);
  if (found === undefined) return UNKNOWN;
  const history = query.get('showHistory') === 'true' ? await hub.history(id) : undefined;
  const body = {
    ...payload(found, query.get('showInput') !== 'false'),
    ...(history === undefined
      ? {}
      : { historyEvents: publicHistory(history, query.get('showHistoryOutput') === 'true') }),
  };
  if (UNFINISHED.has(found.runtimeStatus)) {
    const location = instanceLinks(places, id).statusQueryGetUri;
    return json(202, body, { location, 'retry-after': '5' });
  }
  const asError = found.runtimeStatus === 'Failed' && query.get('returnInternalServerErrorOnFailure') === 'true';
  return json(asError ? 500 : 200, body);
}

/** Times in whole seconds, and every field there: the client refuses a status without input and output. */
function payload(found: InstanceStatus, showInput: boolean): object {
  const { name, version, instanceId, parentInstanceId, runtimeStatus, customStatus } = found;
  return {
    name,
    ...(version === undefined ? {} : { version }),
    instanceId,
    ...(parentInstanceId === undefined ? {} : { parentInstanceId }),
    runtimeStatus,
    input: showInput ? (found.input ?? null) : null,
    customStatus: customStatus ?? null,
    output: found.output ?? null,
    createdTime: wholeSeconds(found.createdTime),
    lastUpdatedTime: wholeSeconds(found.lastUpdatedTime),
  };
}

function wholeSeconds(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

const STATUSES: readonly string[] = [
  'Pending',
  'Running',
  'Completed',
  'ContinuedAsNew',
  'Failed',
  'Canceled',
  'Terminated',
  'Suspended',
] satisfies readonly RuntimeStatus[];

/** `undefined`: a filter that cannot be read. */
function filterOf(query: URLSearchParams): InstanceFilter | undefined {
  const from = dateOf(query.get('createdTimeFrom'));
  const to = dateOf(query.get('createdTimeTo'));
  const top = query.get('top');
  const prefix = query.get('instanceIdPrefix');
  const statuses = query.getAll('runtimeStatus').flatMap((list) => list.split(',').filter((name) => name !== ''));
  const known = statuses.map((name) => STATUSES.find((status) => status.toLowerCase() === name.trim().toLowerCase()));
  const wrong = from === 'wrong' || to === 'wrong' || known.includes(undefined) || (top !== null && !/^\d+$/.test(top));
  if (wrong) return undefined;
  return {
    ...(from === undefined ? {} : { createdTimeFrom: from }),
    ...(to === undefined ? {} : { createdTimeTo: to }),
    ...(known.length === 0 ? {} : { runtimeStatus: known as RuntimeStatus[] }),
    ...(prefix === null ? {} : { instanceIdPrefix: prefix }),
    ...(top === null ? {} : { top: Number(top) }),
  };
}

function dateOf(text: string | null): Date | undefined | 'wrong' {
  if (text === null || text === '') return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? 'wrong' : date;
}
