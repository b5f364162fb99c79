import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Emulator, EmulatorRequest } from '../emulator.ts';
import type { ServerIdentity } from './ca.ts';

export interface ServeOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: ServerIdentity;
  /** For the message when the port is taken. */
  readonly name?: string;
}

export interface Listener {
  /** `https://localhost:<port>`, without trailing slash. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Somebody else listens on a port that the stand was told to use. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  readonly port: number;

  constructor(port: number, purpose: string) {
    super(`Port ${port} (${purpose}) is already in use: stop whatever listens there, or choose another port.`);
    this.port = port;
  }
}

/** Mounts an emulator on loopback. An emulator that has to know its own URL is given as a function of it. */
export async function serveEmulator(
  emulator: Emulator | ((url: string) => Emulator),
  options: ServeOptions,
): Promise<Listener> {
  let mounted: Emulator | undefined = typeof emulator === 'function' ? undefined : emulator;
  const scheme = options.tls === undefined ? 'http' : 'https';
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    void answer(mounted, scheme, { request, response });
  };
  const server = options.tls === undefined ? createHttpServer(listen) : createHttpsServer({ ...options.tls }, listen);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortTakenError(options.port, options.name ?? 'emulator') : error);
    });
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `${scheme}://localhost:${port}`;
  if (typeof emulator === 'function') mounted = emulator(url);
  return { url, port, close: () => closeServer(server) };
}

function closeServer(server: ReturnType<typeof createHttpServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer(
  emulator: Emulator | undefined,
  scheme: string,
  exchange: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const { request, response } = exchange;
  try {
    const read = await readRequest(request, scheme);
    if (read === 'malformed' || read === 'too-large' || emulator === undefined) {
      const status = read === 'malformed' ? 400 : read === 'too-large' ? 413 : 503;
      response.writeHead(status, { connection: 'close' }).end();
      return;
    }
    const result = await emulator.handle(read);
    response.writeHead(result.status, { ...result.headers });
    response.end(request.method === 'HEAD' ? undefined : result.body);
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    // A bug of an emulator must be seen, and must not look like an answer of Azure's.
    console.error(`The emulator at ${request.headers.host ?? 'this port'} failed:`, error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

const LARGEST_BODY_BYTES = 32 * 1024 * 1024;

async function readRequest(
  request: IncomingMessage,
  scheme: string,
): Promise<EmulatorRequest | 'malformed' | 'too-large'> {
  const url = absoluteUrl(request, scheme);
  if (url === undefined) return 'malformed';
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY_BYTES) return 'too-large';
    chunks.push(chunk);
  }
  return {
    method: (request.method ?? 'GET').toUpperCase(),
    url,
    headers: flatten(request),
    body: Buffer.concat(chunks),
  };
}

function absoluteUrl(request: IncomingMessage, scheme: string): URL | undefined {
  const target = request.url ?? '/';
  const text = target.startsWith('/') ? `${scheme}://${request.headers.host ?? 'localhost'}${target}` : target;
  return URL.canParse(text) ? new URL(text) : undefined;
}

function flatten(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}
