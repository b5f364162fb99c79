import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HostError } from '../host-error.ts';
import { decodePath } from './path.ts';

export interface HostRequest {
  /** Upper case. */
  readonly method: string;
  readonly url: URL;
  /** Decoded, but for `%2F`, as Azure's web server does it. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HostResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

/** Answers a request, or leaves it to the next endpoint. */
export type Endpoint = (request: HostRequest) => Promise<HostResponse | undefined>;

export interface Listener {
  readonly port: number;
  readonly origin: string;
  /** Lets running requests end, but not for ever. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly hostname: string;
  readonly port: number;
  readonly answer: (request: HostRequest) => Promise<HostResponse>;
  readonly log: (message: string) => void;
}

const BODY_LIMIT_BYTES = 100 * 1024 * 1024;
/** The longest request line that Azure's web server takes. */
const TARGET_LIMIT = 8192;
const CLOSE_MILLISECONDS = 5000;
const IDLE_LOOK_MILLISECONDS = 20;

/** The trace of a request, for the call that it leads to. */
export function traceOf({ headers: { traceparent } }: HostRequest): { readonly traceparent?: string } {
  return traceparent === undefined ? {} : { traceparent };
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}): HostResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

export async function listen(options: ListenOptions): Promise<Listener> {
  const server = createServer((incoming, outgoing) => void exchange(incoming, outgoing, options));
  await bound(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.hostname.includes(':') ? `[${options.hostname}]` : options.hostname;
  return { port, origin: `http://${host}:${port}`, close: () => closed(server) };
}

function bound(server: Server, { hostname, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(refusal(error, `${hostname}:${port}`)));
    server.listen(port, hostname, resolve);
  });
}

function refusal(error: NodeJS.ErrnoException, address: string): HostError {
  const reason = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
  return new HostError(
    `The host cannot listen on ${address}: ${reason}. Choose another port with --port (option "port").`,
  );
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_MILLISECONDS);
    // A connection that is kept alive after its last answer would hold the stop up until its client lets go.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MILLISECONDS);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}

async function exchange(incoming: IncomingMessage, outgoing: ServerResponse, options: ListenOptions): Promise<void> {
  try {
    const request = await received(incoming);
    const response = 'status' in request ? request : await options.answer(request);
    send(response, { incoming, outgoing });
  } catch (error) {
    // The cause is for the host's log only: a client learns nothing about the inside.
    options.log(`${incoming.method} request failed: ${error instanceof Error ? error.stack : String(error)}`);
    if (!outgoing.headersSent) send({ status: 500 }, { incoming, outgoing });
    else outgoing.destroy();
  }
}

/** The request, or the refusal of one that no endpoint needs to see. */
async function received(incoming: IncomingMessage): Promise<HostRequest | HostResponse> {
  const target = incoming.url ?? '/';
  if (target.length > TARGET_LIMIT) return { status: 414 };
  const url = absoluteUrl(target, incoming.headers.host);
  const path = url === undefined ? undefined : decodePath(url.pathname);
  if (url === undefined || path === undefined) return { status: 400 };
  const body = await bodyOf(incoming);
  if (body === undefined) return { status: 413, headers: { connection: 'close' } };
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  return { method: (incoming.method ?? 'GET').toUpperCase(), url, path, headers: Object.fromEntries(headers), body };
}

function absoluteUrl(target: string, host: string | undefined): URL | undefined {
  const text = target.startsWith('/') ? `http://${host ?? 'localhost'}${target}` : target;
  return URL.canParse(text) ? new URL(text) : undefined;
}

async function bodyOf(incoming: IncomingMessage): Promise<Uint8Array | undefined> {
  if (Number(incoming.headers['content-length'] ?? 0) > BODY_LIMIT_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving early must not cut the connection: the refusal still has to be sent.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Node writes these itself; a handler's own would contradict the bytes that follow. */
const OWN_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

function send(
  response: HostResponse,
  { incoming, outgoing }: { incoming: IncomingMessage; outgoing: ServerResponse },
): void {
  outgoing.statusCode = response.status;
  for (const [name, value] of Object.entries(response.headers ?? {})) {
    if (!OWN_HEADERS.has(name.toLowerCase())) outgoing.setHeader(name, value as string | string[]);
  }
  const body = Buffer.from(response.body ?? '');
  const bodyless = response.status === 204 || response.status === 304;
  if (!bodyless) outgoing.setHeader('content-length', body.length);
  // An unread upload would otherwise be taken for the next request.
  if (!incoming.complete) outgoing.setHeader('connection', 'close');
  outgoing.end(bodyless || incoming.method === 'HEAD' ? undefined : body);
}
