import { queueInvocation } from '../triggers/queues.ts';
import { timerInvocation } from '../triggers/timers.ts';
import type { FunctionInfo, Invocation, InvocationResult, Worker } from '../types.ts';
import { eventInvocations } from './event-grid.ts';
import { type Endpoint, type HostRequest, type HostResponse, json } from './exchange.ts';
import { type Keys, opens } from './keys.ts';
import { below } from './path.ts';

export interface AdminOptions {
  readonly functions: readonly FunctionInfo[];
  readonly keys: Keys;
  readonly worker: Worker;
  readonly origin: string;
  readonly started: Date;
  readonly log: (message: string, functionName: string) => void;
}

/** `/admin/…`: what the host says about itself, and runs by hand. Opened by the master key, but for the ping. */
export function adminApi(options: AdminOptions): Endpoint {
  return async (request) => {
    const rest = below(request.path, '/admin');
    if (rest === undefined) return undefined;
    const route = `${request.method} ${rest.toLowerCase().replace(/\/$/, '')}`;
    if (route === 'GET host/ping' || route === 'POST host/ping') return { status: 200 };
    if (!opens(request, [options.keys.master])) return { status: 401 };
    if (route === 'GET host/status') return json(200, hostStatus(options));
    if (route === 'GET functions')
      return json(
        200,
        options.functions.map((info) => described(info, options.origin)),
      );
    return oneFunction(request, rest, options);
  };
}

function hostStatus({ started, functions }: AdminOptions): object {
  const processUptime = Date.now() - started.getTime();
  return { id: 'perennial-local-host', state: 'Running', version: '4.0', processUptime, functions: functions.length };
}

function described({ name, bindings, trigger }: FunctionInfo, origin: string): object {
  return {
    name,
    href: `${origin}/admin/functions/${name}`,
    language: 'node',
    isDisabled: false,
    trigger: trigger.type,
    config: { bindings },
  };
}

async function oneFunction(request: HostRequest, rest: string, options: AdminOptions): Promise<HostResponse> {
  const [collection = '', name = '', ...more] = rest.split('/');
  const info = options.functions.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
  if (collection.toLowerCase() !== 'functions' || more.length > 0 || info === undefined) return { status: 404 };
  if (request.method === 'GET') return json(200, described(info, options.origin));
  return request.method === 'POST' ? runByHand(request, info, options) : { status: 404 };
}

/** Answers at once, as Azure does: the run's end is in the log. */
function runByHand(request: HostRequest, info: FunctionInfo, { worker, log }: AdminOptions): HostResponse {
  const input = inputOf(request.body);
  if (input === undefined) return { status: 400, body: 'The body must be JSON: {"input": "text"}.' };
  const invocations = invocationsOf(info, input);
  if (invocations === undefined)
    return { status: 400, body: `The function or its input does not allow a run by hand.` };
  for (const invocation of invocations) void worker.invoke(invocation).then((end) => report(end, info.name, log));
  return { status: 202 };
}

function report(end: InvocationResult, name: string, log: AdminOptions['log']): void {
  if (end.state === 'failed') log(end.stack ?? end.message, name);
  if (end.state === 'lost') log('The worker ended during the run.', name);
}

/** The text in `{"input": …}`; an empty body is an empty input. */
function inputOf(body: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(body);
  if (text.trim() === '') return '';
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { input = '' } = value as { input?: unknown };
  return typeof input === 'string' ? input : JSON.stringify(input);
}

function invocationsOf(info: FunctionInfo, input: string): readonly Invocation[] | undefined {
  switch (info.trigger.type.toLowerCase()) {
    case 'timertrigger':
      return [timerInvocation(info, { pastDue: false })];
    case 'queuetrigger':
      return [queueInvocation(info, { text: input })];
    case 'eventgridtrigger': {
      const value = parsed(input);
      return typeof value === 'object' && value !== null
        ? eventInvocations(info, Array.isArray(value) ? value : [value])
        : undefined;
    }
    case 'httptrigger':
    case 'orchestrationtrigger':
    case 'activitytrigger':
    case 'entitytrigger':
      // They have callers of their own: a route, or the task hub.
      return undefined;
    default:
      return [{ functionName: info.name, inputs: { [info.trigger.name]: { string: input } } }];
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
