import type { FunctionInfo, Invocation, Worker } from '../types.ts';
import { type Endpoint, type HostRequest, type HostResponse, json, traceOf } from './exchange.ts';
import { type Keys, opens } from './keys.ts';
import { below } from './path.ts';

export interface EventGridOptions {
  readonly functions: readonly FunctionInfo[];
  readonly keys: Keys;
  readonly worker: Worker;
  readonly log: (message: string, functionName: string) => void;
}

type Events = { readonly state: 'read'; readonly events: readonly unknown[] } | { readonly state: 'malformed' };

/** `POST /runtime/webhooks/eventgrid?functionName=X&code=K`: what Event Grid delivers to. */
export function eventGridWebhook(options: EventGridOptions): Endpoint {
  return async (request) => {
    if (below(request.path, '/runtime/webhooks/eventgrid') !== '') return undefined;
    if (!opens(request, [options.keys.systemEventGrid, options.keys.master])) return { status: 401 };
    const target = subscriber(options.functions, request.url.searchParams.get('functionName') ?? '');
    if (target === undefined) return { status: 404, body: 'cannot find function' };
    if (request.method === 'OPTIONS') return cloudEventsHandshake(request);
    if (request.method !== 'POST') return { status: 404 };
    return delivered(request, target, options);
  };
}

function subscriber(functions: readonly FunctionInfo[], name: string): FunctionInfo | undefined {
  return functions.find(
    (info) => info.trigger.type.toLowerCase() === 'eventgridtrigger' && info.name.toLowerCase() === name.toLowerCase(),
  );
}

/** CloudEvents' protection against abuse: the receiver says that it wants this sender. */
function cloudEventsHandshake({ headers }: HostRequest): HostResponse {
  const origin = headers['webhook-request-origin'];
  if (origin === undefined) return { status: 400 };
  return { status: 200, headers: { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' } };
}

async function delivered(request: HostRequest, target: FunctionInfo, options: EventGridOptions): Promise<HostResponse> {
  const read = eventsOf(request.body);
  if (read.state === 'malformed') return { status: 400, body: 'The body is no event.' };
  switch (deliveryKind(request)) {
    case 'subscriptionvalidation':
      return validated(read.events);
    case 'notification':
      return notified(request, { events: read.events, target }, options);
    case 'unsubscribe':
      return { status: 202 };
    default:
      return { status: 400, body: 'The header aeg-event-type is missing or unknown.' };
  }
}

/** A sender of CloudEvents other than Event Grid does not know its header. */
function deliveryKind({ headers }: HostRequest): string {
  const kind = headers['aeg-event-type']?.toLowerCase();
  const cloudEvents = /^application\/cloudevents(-batch)?\+json/i.test(headers['content-type'] ?? '');
  return kind ?? (cloudEvents ? 'notification' : 'unknown');
}

function eventsOf(body: Uint8Array): Events {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    const events: unknown[] = Array.isArray(value) ? value : [value];
    const objects = events.every((event) => typeof event === 'object' && event !== null && !Array.isArray(event));
    return objects && events.length > 0 ? { state: 'read', events } : { state: 'malformed' };
  } catch {
    return { state: 'malformed' };
  }
}

function validated(events: readonly unknown[]): HostResponse {
  const { data } = events[0] as { data?: { validationCode?: unknown } };
  if (typeof data?.validationCode !== 'string') return { status: 400, body: 'The event has no validationCode.' };
  return json(200, { validationResponse: data.validationCode });
}

/** One failed call fails the delivery, so that Event Grid delivers all of it again. */
async function notified(
  request: HostRequest,
  { events, target }: { readonly events: readonly unknown[]; readonly target: FunctionInfo },
  { worker, log }: EventGridOptions,
): Promise<HostResponse> {
  const calls = eventInvocations(target, events).map((invocation) => ({ ...invocation, ...traceOf(request) }));
  const results = await Promise.all(calls.map((invocation) => worker.invoke(invocation)));
  const bad = results.filter((result) => result.state !== 'succeeded');
  for (const result of bad) {
    log(
      result.state === 'failed' ? (result.stack ?? result.message) : 'The worker ended during the call.',
      target.name,
    );
  }
  return { status: bad.length === 0 ? 202 : 500 };
}

/** One call an event, or one for all when the trigger says `cardinality: many`. */
export function eventInvocations({ name, trigger }: FunctionInfo, events: readonly unknown[]): Invocation[] {
  const batches = String(trigger.cardinality ?? 'one').toLowerCase() === 'many' ? [events] : events;
  return batches.map((batch) => ({
    functionName: name,
    inputs: { [trigger.name]: { json: JSON.stringify(batch) } },
    triggerMetadata: { data: { json: JSON.stringify(batch) } },
  }));
}
