import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from '@azure/core-rest-pipeline';
import type { Emulator, EmulatorResponse } from '../../../local/emulator.ts';
import { statusAnswer } from '../../../local/kubernetes/answers.ts';
import type { FaultName } from '../faults/catalogue.ts';
import { caCall, learned } from './ca-calls.ts';
import { plant, refusedByCa } from './ca-faults.ts';
import { ACME_ORIGIN } from './estate.ts';
import type { Line } from './line.ts';
import { discardStray } from './strays.ts';
import type { World } from './world.ts';

/** Longer than any client waits. */
const HOUR = 3_600_000;

/** A request on its way, and what the faults need to know of it. */
export interface Call {
  readonly family: 'kv' | 'arm' | 'ca' | 'k8s';
  readonly emulator: Emulator;
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  /** `METHOD what`, for people and for the ids of faults. */
  readonly place: string;
  readonly certificate: string | undefined;
  /** Whether it changes anything; absent: the method says it. */
  readonly isAct?: boolean;
}

/** The emulators as the SDKs' HTTP client: no socket, but everything that may happen on the way to one and back. */
export function wire(world: World, line: Line): HttpClient {
  return {
    async sendRequest(request) {
      const call = readCall(world, request);
      if (call === undefined) throw lost(request, 'ENOTFOUND');
      const signal = request.abortSignal;
      await line.turn(line.latency(), signal);
      const early = before(world, call);
      if (early === 'hang') return await line.turn(HOUR, signal).then(() => Promise.reject(new Aborted()));
      if (early === 'late') throw later(world, call, request);
      if (typeof early === 'string') throw lost(request, early);
      const answer = early ?? (await world.crashable(line, `http ${call.place}`, () => handled(world, call, request)));
      const late = early === undefined ? after(world, call, answer) : undefined;
      const slow = world.faults.strikes('net.slow', call.place, call.certificate);
      await line.turn(slow ? world.dice.integer('slow', 5_000, 60_000) : line.latency(), signal);
      if (typeof late === 'string') throw lost(request, late);
      return response(request, late ?? answer);
    },
  };
}

function readCall(world: World, request: PipelineRequest): Call | undefined {
  const url = new URL(request.url);
  const { method } = request;
  const body = bodyOf(request);
  if (url.host === 'management.azure.com') {
    const [kind = '', name = ''] = url.pathname.split('/').slice(-2);
    const [, host] = /^_acme-challenge\.(.+)$/.exec(name) ?? [];
    const certificate = host === undefined ? world.certificateOfTarget(url.pathname) : world.certificateOfHost(host);
    return {
      family: 'arm',
      emulator: world.cloud.arm,
      method,
      url,
      body,
      place: `${method} ${kind}/${name}`,
      certificate,
    };
  }
  const cluster = world.cloud.clusters.at(url.host);
  if (cluster === 'gone') return undefined;
  if (cluster !== undefined) return clusterCall(world, { cluster, method, url, body });
  const { publicCa } = world.cloud;
  if (publicCa !== undefined && url.origin === ACME_ORIGIN) return caCall(world, { publicCa, method, url, body });
  const emulator = world.cloud.vaults.find(({ uri }) => uri === url.origin);
  if (emulator === undefined) {
    world.see('stranger', url);
    return undefined;
  }
  const [, , name = '', verb = ''] = url.pathname.split('/');
  const certificate = name === '' ? undefined : `${emulator.name}/${name}`;
  return {
    family: 'kv',
    emulator,
    method,
    url,
    body,
    place: `${method} ${name} ${/^[0-9a-f]{32}$/.test(verb) ? 'version' : verb}`,
    certificate,
  };
}

function clusterCall(world: World, call: Pick<Call, 'method' | 'url' | 'body'> & { cluster: Emulator }): Call {
  const { cluster: emulator, method, url, body } = call;
  const [, namespace = '', kind = ''] = /\/namespaces\/([^/]+)\/([^/]+)/.exec(url.pathname) ?? [];
  const certificate = world.certificateOfTarget(url.pathname);
  return { family: 'k8s', emulator, method, url, body, place: `${method} ${namespace}/${kind}`, certificate };
}

/** Texts of the SDKs, bytes of our own client. */
function bodyOf({ body }: PipelineRequest): string {
  return typeof body === 'string' || Buffer.isBuffer(body) ? String(body) : '';
}

/** What happens instead of the request's arrival: an answer, an error's code, or nothing (undefined). */
function before(world: World, call: Call): EmulatorResponse | string | undefined {
  const strikes = (name: FaultName): boolean => world.faults.strikes(name, call.place, call.certificate);
  if (strikes('net.dns')) return 'EAI_AGAIN';
  if (strikes('net.cut')) return 'ECONNRESET';
  if (strikes('net.hang')) return 'hang';
  if (call.method !== 'GET' && strikes('net.late')) return 'late';
  if (call.family === 'ca') return refusedByCa(world, call);
  if (call.family === 'k8s') return beforeCluster(world, call, strikes);
  return call.family === 'kv' ? beforeVault(world, call, strikes) : beforeArm(world, strikes);
}

type Strikes = (name: FaultName) => boolean;

function beforeVault(world: World, call: Call, strikes: Strikes): EmulatorResponse | undefined {
  if (strikes('kv.429-after')) {
    const seconds = world.dice.pick('retry after', [1, 3, 10, 120, 900]);
    return vaultError(429, 'Throttled', { 'retry-after': String(seconds) });
  }
  if (strikes('kv.429')) return vaultError(429, 'Throttled');
  if (strikes('kv.500')) return vaultError(500, 'InternalServerError');
  if (call.method === 'GET') return world.laggingAnswer(call.url);
  if (strikes('kv.409')) return vaultError(409, 'Conflict');
  if (world.isReadOnly(call.url.host)) return vaultError(503, 'ServiceUnavailable');
  return undefined;
}

function beforeArm(world: World, strikes: Strikes): EmulatorResponse | undefined {
  if (strikes('arm.429')) {
    const seconds = world.dice.pick('retry after', [1, 5, 60, 600]);
    return vaultError(429, 'SubscriptionRequestsThrottled', { 'retry-after': String(seconds) });
  }
  return strikes('arm.500') ? vaultError(500, 'InternalServerError') : undefined;
}

/** Whoever writes has read before: meanwhile somebody else may have written. */
function beforeCluster(world: World, call: Call, strikes: Strikes): EmulatorResponse | undefined {
  if (strikes('k8s.500')) return statusAnswer(503, 'ServiceUnavailable', 'simulated 503');
  const cluster = world.cloud.clusters.at(call.url.host);
  if (call.method === 'PATCH' && typeof cluster === 'object' && strikes('k8s.409'))
    world.cloud.clusters.writeFirst(cluster, call.url.pathname);
  return undefined;
}

/** What becomes of an answer on its way back. */
function after(world: World, call: Call, answer: EmulatorResponse): EmulatorResponse | string | undefined {
  const strikes = (name: FaultName): boolean => world.faults.strikes(name, call.place, call.certificate);
  const acknowledged = (call.isAct ?? call.method !== 'GET') && answer.status < 300;
  if (acknowledged && strikes(`${call.family}.ack-lost`)) {
    return world.dice.chance('ack', 0.5) ? 'ECONNRESET' : vaultError(500, 'InternalServerError');
  }
  if (answer.body !== undefined && strikes('net.truncate')) {
    const text = String(answer.body);
    return world.dice.chance('truncate', 0.5) ? 'ECONNRESET' : { ...answer, body: text.slice(0, text.length >> 1) };
  }
  return undefined;
}

async function handled(world: World, call: Call, request: PipelineRequest, isLate = false): Promise<EmulatorResponse> {
  const { method, url, body } = call;
  const headers = Object.fromEntries(Object.entries(request.headers.toJSON({ preserveCase: false })));
  const isMerge = method === 'POST' && url.pathname.endsWith('/pending/merge');
  const shown = isMerge ? await current(call, headers) : undefined;
  const undo = call.family === 'ca' ? plant(world, call) : () => undefined;
  const answer = await call.emulator.handle({ method, url, headers, body: Buffer.from(body) });
  undo();
  if (shown !== undefined && answer.status < 300 && world.faults.strikes('kv.lag', call.place, call.certificate)) {
    world.startLag(shown.url, shown.answer);
  }
  if (call.family === 'ca') learned(world, call, answer);
  world.trace(() => `http ${call.family} ${call.place} -> ${answer.status}`);
  const { status } = answer;
  world.see('request', { method, url, requestBody: body, status, body: String(answer.body ?? ''), isLate });
  return answer;
}

/** What the vault shows as the current version right before a merge. */
async function current(call: Call, headers: Record<string, string>): Promise<{ url: URL; answer: EmulatorResponse }> {
  const url = new URL(call.url);
  url.pathname = `${url.pathname.split('/').slice(0, 3).join('/')}/`;
  return { url, answer: await call.emulator.handle({ method: 'GET', url, headers, body: Buffer.alloc(0) }) };
}

/** The client has lost patience, but the request is still on its way: it arrives when nobody waits for it any more. */
function later(world: World, call: Call, request: PipelineRequest): RestError {
  const delay = world.dice.scale('late request', 200, 600_000);
  world.clock.after(delay, () => {
    world.trace(() => `http late ${call.place}`);
    void handled(world, call, request, true).then(({ status, body }) => {
      const [vault, name] = call.certificate?.split('/') ?? [];
      const isCreate = call.family === 'kv' && call.url.pathname.endsWith('/create') && status === 202;
      if (isCreate && vault !== undefined && name !== undefined) discardStray(world, vault, name, csrIn(body));
    });
  });
  return lost(request, 'ETIMEDOUT');
}

function csrIn(body: EmulatorResponse['body']): unknown {
  return (JSON.parse(String(body ?? '{}')) as { readonly csr?: unknown }).csr;
}

function lost(request: PipelineRequest, code: string): RestError {
  return new RestError(`simulated ${code}`, { code, request });
}

/** As the SDKs' own client says it. */
export class Aborted extends Error {
  override readonly name = 'AbortError';

  constructor() {
    super('The operation was aborted.');
  }
}

function vaultError(status: number, code: string, headers: Record<string, string> = {}): EmulatorResponse {
  const body = JSON.stringify({ error: { code, message: `simulated ${status}` } });
  return { status, headers: { 'content-type': 'application/json', ...headers }, body };
}

function response(request: PipelineRequest, answer: EmulatorResponse): PipelineResponse {
  const bodyAsText = answer.body === undefined ? null : String(answer.body);
  return { request, status: answer.status, headers: createHttpHeaders({ ...answer.headers }), bodyAsText };
}
