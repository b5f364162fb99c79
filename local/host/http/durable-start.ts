import { setTimeout as pause } from 'node:timers/promises';
import type { TaskHub } from '../types.ts';
import { type DurablePlaces, instanceLinks } from './durable-links.ts';
import { type HostRequest, type HostResponse, json } from './exchange.ts';

export interface StartCall {
  readonly hub: TaskHub;
  readonly places: DurablePlaces;
  readonly request: HostRequest;
  readonly query: URLSearchParams;
}

/** `POST orchestrators/{function}[/{instance}]`, with `timeout` and `pollingInterval` as a call that waits for the end. */
export async function startInstance(
  call: StartCall,
  [name = '', instanceId]: readonly string[],
): Promise<HostResponse> {
  const { hub, places, request, query } = call;
  const input = new TextDecoder().decode(request.body);
  const wait = waitOf(query);
  if (wait === 'wrong')
    return { status: 400, body: 'timeout and pollingInterval are seconds, the timeout the longer.' };
  if (input !== '' && !isJson(input)) return { status: 400, body: 'The request body is no valid JSON.' };
  const version = query.get('version');
  const end = await hub.start({
    name,
    ...(input === '' ? {} : { input }),
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(version === null || version === '' ? {} : { version }),
  });
  if (end.state === 'conflict') {
    return { status: 409, body: `An instance with ID '${instanceId}' is not finished yet.` };
  }
  if (end.state === 'unknown-function') {
    return {
      status: 400,
      body: `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`,
    };
  }
  const finished = wait === undefined ? undefined : await waited(hub, { id: end.instanceId, ...wait });
  return finished ?? started(places, end.instanceId);
}

function started(places: DurablePlaces, id: string): HostResponse {
  const links = instanceLinks(places, id);
  return json(202, links, { location: links.statusQueryGetUri, 'retry-after': '10' });
}

interface Wait {
  readonly timeoutSeconds: number;
  readonly pollSeconds: number;
}

const DEFAULT_WAIT: Wait = { timeoutSeconds: 10, pollSeconds: 1 };

function waitOf(query: URLSearchParams): Wait | 'wrong' | undefined {
  const timeout = query.get('timeout');
  const interval = query.get('pollingInterval');
  if (timeout === null && interval === null) return undefined;
  const timeoutSeconds = Number(timeout ?? DEFAULT_WAIT.timeoutSeconds);
  const pollSeconds = Number(interval ?? DEFAULT_WAIT.pollSeconds);
  const fits = timeoutSeconds > 0 && pollSeconds > 0 && pollSeconds <= timeoutSeconds && timeoutSeconds <= 230;
  return fits ? { timeoutSeconds, pollSeconds } : 'wrong';
}

/** A client's patience is real time, whatever clock the host lives in. Bounded by the timeout. */
async function waited(hub: TaskHub, { id, timeoutSeconds, pollSeconds }: Wait & { id: string }) {
  for (let left = timeoutSeconds; left >= 0; left -= pollSeconds) {
    const status = await hub.status(id);
    if (status?.runtimeStatus === 'Completed') return json(200, status.output ?? null);
    if (status?.runtimeStatus === 'Failed') return json(500, status);
    if (status?.runtimeStatus === 'Terminated' || status?.runtimeStatus === 'Canceled') return json(200, status);
    await pause(pollSeconds * 1000);
  }
  return undefined;
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
