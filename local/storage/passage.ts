import { Agent, request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { EmulatorRequest, EmulatorResponse } from '../emulator.ts';
import { busy, refusalResponse } from './refusals.ts';
import { type AccountKey, type StorageService, sharedKeyAuthorization } from './shared-key.ts';

interface PassageOptions {
  readonly service: StorageService;
  readonly account: AccountKey;
  readonly behind: () => Promise<string>;
}

/** The way to the storage behind. */
export interface Passage {
  /** A storage behind that cannot be reached is answered for with 503 `ServerBusy`. */
  pass(request: EmulatorRequest): Promise<EmulatorResponse>;
  stop(): void;
}

export function createPassage({ service, account, behind }: PassageOptions): Passage {
  const agent = new Agent({ keepAlive: true });
  return {
    async pass(request) {
      const target = new URL(await behind());
      const headers = headersFor(service, request, account);
      const once = () => askBehind({ agent, target, request, headers });
      try {
        return await once().catch((error: unknown) => (isStale(error) ? once() : Promise.reject(error)));
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        return refusalResponse(service, busy);
      }
    },
    stop: () => agent.destroy(),
  };
}

/** Of one connection only, or replaced by our own. */
const notPassedOn = new Set([
  'authorization',
  'date',
  'x-ms-date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'expect',
]);

function headersFor(service: StorageService, request: EmulatorRequest, account: AccountKey): Record<string, string> {
  const { method, url, body } = request;
  const kept = Object.entries(request.headers).filter(([name]) => !notPassedOn.has(name));
  const hasLength = body.length > 0 || request.headers['content-length'] !== undefined;
  const headers = {
    ...Object.fromEntries(kept),
    ...(hasLength && { 'content-length': String(body.length) }),
    'x-ms-date': new Date().toUTCString(),
  };
  return { ...headers, authorization: sharedKeyAuthorization(service, { method, url, headers }, account) };
}

/** The connection ended before an answer came: whether an idle one was used that the other side had just ended. */
class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly isReused: boolean;

  constructor(isReused: boolean, cause: Error) {
    super(`storage: no answer: ${cause.message}`, { cause });
    this.isReused = isReused;
  }
}

const isStale = (error: unknown): boolean => error instanceof ConnectionLost && error.isReused;
const isConnectionLoss = (error: unknown): boolean => error instanceof ConnectionLost;

interface Onward {
  readonly agent: Agent;
  readonly target: URL;
  readonly request: EmulatorRequest;
  readonly headers: Record<string, string>;
}

function askBehind({ agent, target, request, headers }: Onward): Promise<EmulatorResponse> {
  const { method, url, body } = request;
  const { hostname: host, port } = target;
  return new Promise((resolve, reject) => {
    const sent = ask({ agent, host, port, method, headers, path: `${url.pathname}${url.search}` }, (answer) => {
      answerOf(answer).then(resolve, (error: Error) => reject(new ConnectionLost(false, error)));
    });
    sent.once('error', (error) => reject(new ConnectionLost(sent.reusedSocket, error)));
    sent.end(body);
  });
}

async function answerOf(answer: IncomingMessage): Promise<EmulatorResponse> {
  const body = await buffer(answer);
  return { status: answer.statusCode ?? 502, headers: withoutConnection(answer.headers), body };
}

function withoutConnection(headers: IncomingHttpHeaders): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !notPassedOn.has(name) || name === 'date');
  return Object.fromEntries(
    kept.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
