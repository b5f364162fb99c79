import { randomBytes } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import type { Emulator, EmulatorRequest } from '../emulator.ts';
import type { ServerIdentity } from './ca.ts';
import { createLine, type Delivery, type Line } from './line.ts';

export interface ServeOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: ServerIdentity;
  /** PEM of the CA whose clients are believed: each is asked for a certificate, and none is sent away for lack of one. */
  readonly clientCa?: string;
  /** For the message when the port is taken. */
  readonly name?: string;
  /** Where faults happen; absent: none ever do. */
  readonly line?: Line;
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
  const { tls, clientCa, line = createLine() } = options;
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: false };
  let mounted: Emulator | undefined = typeof emulator === 'function' ? undefined : emulator;
  const scheme = tls === undefined ? 'http' : 'https';
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    if (line.troubled !== undefined) forgetSessions(server);
    void answer(mounted, scheme, { request, response, line });
  };
  const server =
    tls === undefined
      ? createHttpServer(listen)
      : createHttpsServer({ ...tls, ...clients, ...handshakes(line) }, listen);
  line.onReset(() => {
    server.closeIdleConnections();
    forgetSessions(server);
  });
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

/** A session that is taken up again shows no certificate: nobody may have a valid ticket. */
function forgetSessions(server: ReturnType<typeof createHttpServer> | ReturnType<typeof createHttpsServer>): void {
  if ('setTicketKeys' in server) server.setTicketKeys(randomBytes(TICKET_KEYS_BYTES));
}

const TICKET_KEYS_BYTES = 48;

/** The server's own certificate, unless the line is troubled. A client that names no server always gets that. */
function handshakes(line: Line) {
  return {
    SNICallback(_name: string, answer: (error: Error | null, context?: SecureContext) => void): void {
      const { troubled } = line;
      const context = troubled?.identity && createSecureContext({ ...troubled.identity });
      troubled?.onHandshake?.();
      if (troubled?.milliseconds === undefined) answer(null, context);
      else setTimeout(() => answer(null, context), troubled.milliseconds);
    },
  };
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
  exchange: { request: IncomingMessage; response: ServerResponse; line: Line },
): Promise<void> {
  const { request, response, line } = exchange;
  try {
    const read = await readRequest(request, scheme);
    if (read === 'malformed' || read === 'too-large' || emulator === undefined) {
      const status = read === 'malformed' ? 400 : read === 'too-large' ? 413 : 503;
      response.writeHead(status, { connection: 'close' }).end();
      return;
    }
    const delivery = await line.deliver(read, () => emulator.handle(read));
    if (line.troubled !== undefined) response.setHeader('connection', 'close');
    send(response, delivery, request.method === 'HEAD');
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    // A bug of an emulator must be seen, and must not look like an answer of Azure's.
    console.error(`The emulator at ${request.headers.host ?? 'this port'} failed:`, error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  }
}

function send(response: ServerResponse, delivery: Delivery, isHead: boolean): void {
  if (delivery.state === 'none') return void response.socket?.destroy();
  const { status, headers, body } = delivery.response;
  response.writeHead(status, { ...headers });
  if (delivery.state === 'whole') return void response.end(isHead ? undefined : body);
  const bytes = Buffer.from(body ?? '');
  // What was written has to be on the wire before the connection ends.
  response.write(bytes.subarray(0, Math.max(1, bytes.length >> 1)), () => response.socket?.destroy());
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
  const address = request.socket.remoteAddress;
  const clientCertificate = believedClient(request.socket);
  return {
    method: (request.method ?? 'GET').toUpperCase(),
    url,
    headers: flatten(request),
    body: Buffer.concat(chunks),
    ...(address !== undefined && { address }),
    ...(clientCertificate !== undefined && { clientCertificate }),
  };
}

/** The client's certificate, when the handshake has proved it and its CA is one that is believed. */
function believedClient(socket: Socket): Uint8Array | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  return socket.getPeerX509Certificate()?.raw;
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
