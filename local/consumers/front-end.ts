import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { AppService } from '../arm/app-service.ts';
import type { HostBinding, Site } from '../arm/app-service-types.ts';
import { type Bundle, sentChain, thumbprint } from '../arm/pfx.ts';
import type { StandClock } from '../clock.ts';
import { PortTakenError } from '../transport/serve.ts';

const LOOPBACK = '127.0.0.1';

export interface FrontEndOptions {
  readonly appService: AppService;
  readonly clock: StandClock;
  readonly site: Site;
  /** 0: a free one. */
  readonly port: number;
  /** How long the front end goes on with the old certificate after App Service has the new one. */
  readonly lagSeconds: number;
  /** Fault: as long as it answers true, a change of the API's state is not taken over. */
  readonly lies: (site: Site) => boolean;
}

/** One site's TLS listener: it serves what App Service's front ends would serve. */
export interface FrontEnd {
  readonly site: string;
  readonly host: string;
  readonly port: number;
  /** Thumbprint of what is served under the name now; `undefined`: no certificate, the handshake fails. */
  served(hostName: string): string | undefined;
  close(): Promise<void>;
}

interface Served {
  readonly context: SecureContext;
  readonly thumbprint: string;
}

export async function startFrontEnd(options: FrontEndOptions): Promise<FrontEnd> {
  const { appService, site, clock, lagSeconds, lies } = options;
  const serving = new Map<string, Served>();
  const pending = new Map<string, () => void>();
  const take = (binding: HostBinding): void => {
    // The new context is complete before it replaces the old one, so that no handshake finds a gap.
    if (binding.bundle === undefined) serving.delete(binding.hostName);
    else serving.set(binding.hostName, serve(binding.bundle));
  };
  for (const binding of site.bindings.values()) take(binding);

  const unwatch = appService.watch((changed, binding) => {
    if (changed.resourceId !== site.resourceId || lies(changed)) return;
    pending.get(binding.hostName)?.();
    pending.delete(binding.hostName);
    if (lagSeconds === 0) return take(binding);
    const due = new Date(clock.now().getTime() + lagSeconds * 1000);
    pending.set(
      binding.hostName,
      clock.at(due, () => take(binding)),
    );
  });

  const listener = await listen(serving, { port: options.port, name: site.name });
  return {
    site: site.resourceId,
    host: LOOPBACK,
    port: listener.port,
    served: (hostName) => serving.get(hostName.toLowerCase())?.thumbprint,
    async close() {
      unwatch();
      for (const cancel of pending.values()) cancel();
      await listener.close();
    },
  };
}

function serve(bundle: Bundle): Served {
  const cert = sentChain(bundle)
    .map((certificate) => certificate.toString())
    .join('');
  const key = bundle.key.export({ format: 'pem', type: 'pkcs8' });
  return { context: createSecureContext({ cert, key, minVersion: 'TLSv1.2' }), thumbprint: thumbprint(bundle.leaf) };
}

async function listen(
  serving: ReadonlyMap<string, Served>,
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
  // Clients that break off a handshake are no concern of the site.
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
      ? new PortTakenError(port, `site ${name}`)
      : cause;
  }
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
