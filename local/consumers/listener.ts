import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Bundle, sentChain, thumbprint } from '../arm/pfx.ts';
import { PortTakenError } from '../transport/serve.ts';

export const LOOPBACK = '127.0.0.1';

export interface Served {
  readonly context: SecureContext;
  readonly thumbprint: string;
}

/** What a listener serves from a PFX: the chain as a server sends it, without its root. */
export function servedWith(bundle: Bundle): Served {
  const cert = sentChain(bundle)
    .map((certificate) => certificate.toString())
    .join('');
  const key = bundle.key.export({ format: 'pem', type: 'pkcs8' });
  return { context: createSecureContext({ cert, key, minVersion: 'TLSv1.2' }), thumbprint: thumbprint(bundle.leaf) };
}

/** A TLS listener that serves, under each name, what `serving` has for it at that moment; for other names nothing. */
export async function listen(
  serving: Pick<ReadonlyMap<string, Served>, 'get'>,
  { port, name }: { readonly port: number; readonly name: string },
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer({
    minVersion: 'TLSv1.2',
    // Without a context for the name Node falls back to its own, which has no certificate: the handshake fails.
    SNICallback: (name, answer) => answer(null, serving.get(name.toLowerCase())?.context),
  });
  server.on('request', (request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
    response.end(`${host} is served with ${serving.get(host)?.thumbprint ?? 'no certificate of its own'}\n`);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Clients that break off a handshake are no concern of whoever listens.
  server.on('tlsClientError', () => undefined);
  await listening(server, port, name);
  const { port: actual } = server.address() as AddressInfo;
  return { port: actual, close: () => closeServer(server, sockets) };
}

async function listening(server: Server, port: number, name: string): Promise<void> {
  server.listen(port, LOOPBACK);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
      ? new PortTakenError(port, name)
      : cause;
  }
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
