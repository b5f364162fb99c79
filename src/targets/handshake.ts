import { X509Certificate } from 'node:crypto';
import { connect as connectSocket, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { AddressRefusedError, type AddressRule, guardedLookup } from '../address.ts';
import type { Endpoint } from '../plan/targets/every-target.ts';
import { sentCertificates } from './sent-chain.ts';

/** What a server sent, leaf first and else in its own order; or why there was no handshake. */
export type Handshake =
  | { readonly sent: readonly X509Certificate[] }
  /** `isForbidden`: the address may not be connected to, and nobody was asked. */
  | { readonly reason: string; readonly isForbidden?: true };

/** One TLS handshake on a new connection, which is closed right after it. */
export function shakeHands(
  { host, port, sni }: Endpoint,
  { milliseconds, mayConnect }: { readonly milliseconds: number; readonly mayConnect: AddressRule },
): Promise<Handshake> {
  // A socket asks nobody what an address means.
  if (isIP(host) !== 0 && !mayConnect(host)) return Promise.resolve(failureOf(new AddressRefusedError(host)));
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const wire = connectSocket({ host, port, lookup: guardedLookup(mayConnect) });
    const socket = connect({
      socket: tapped(wire, (chunk) => received.push(chunk)),
      servername: sni,
      // No authority is trusted and nothing is verified here, and nothing but the handshake is done: an expired or
      // untrusted certificate has to be seen as well. The chain is judged by ourselves, at the app's clock. No session is
      // offered either, so that the server has to show what it serves now. This is the only place that does so.
      rejectUnauthorized: false,
      ca: [],
    });
    const end = (handshake: Handshake): void => {
      clearTimeout(timer);
      socket.destroy();
      wire.destroy();
      resolve(handshake);
    };
    const timer = setTimeout(() => end({ reason: `no TLS handshake within ${milliseconds / 1000} s` }), milliseconds);
    let secret: Buffer | undefined;
    socket.on('keylog', (line: Buffer) => {
      secret = serverSecret(line) ?? secret;
    });
    wire.on('error', (error: NodeJS.ErrnoException) => end(failureOf(error)));
    socket.on('error', (error: NodeJS.ErrnoException) => end(failureOf(error)));
    socket.once('close', () => end({ reason: 'the connection was closed before the handshake' }));
    socket.once('secureConnect', () => {
      const cipher = socket.getCipher().standardName;
      const ders = sentCertificates({ received: Buffer.concat(received), secret, cipher });
      end({ sent: (ders && opened(ders)) ?? orderedChain(socket) });
    });
  });
}

/** The socket with every byte that it receives shown to `see` first. */
function tapped(wire: Socket, see: (chunk: Buffer) => void): Duplex {
  const tap = new Duplex({
    read: () => void wire.resume(),
    write: (chunk: Buffer, _encoding, done) => void wire.write(chunk, done),
    final: (done) => void wire.end(done),
  });
  wire.on('data', (chunk: Buffer) => {
    see(chunk);
    if (!tap.push(chunk)) wire.pause();
  });
  wire.on('end', () => tap.push(null));
  wire.on('close', () => tap.destroy());
  return tap;
}

function serverSecret(line: Buffer): Buffer | undefined {
  const secret = /^SERVER_HANDSHAKE_TRAFFIC_SECRET \S+ ([0-9a-f]+)/i.exec(line.toString('latin1'))?.[1];
  return secret === undefined ? undefined : Buffer.from(secret, 'hex');
}

/** `undefined` when one cannot be read: a throw here, in the event of a socket, would end the whole process. */
function opened(ders: readonly Buffer[]): readonly X509Certificate[] | undefined {
  try {
    return ders.map((der) => new X509Certificate(der));
  } catch {
    // OpenSSL has read them for the handshake, so that it was our cutting that went wrong.
    return undefined;
  }
}

/** The chain as Node has put it in order: for handshakes that could not be read. The last one may link to itself. */
function orderedChain(socket: TLSSocket): readonly X509Certificate[] {
  const chain = new Map<string, X509Certificate>();
  let peer: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (peer?.raw !== undefined && peer.fingerprint256 !== undefined && !chain.has(peer.fingerprint256)) {
    chain.set(peer.fingerprint256, new X509Certificate(peer.raw));
    peer = peer.issuerCertificate;
  }
  return [...chain.values()];
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before the handshake',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name cannot be resolved at present',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ETIMEDOUT: 'the connection timed out',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS',
};

function failureOf(error: NodeJS.ErrnoException): Handshake {
  return { reason: explain(error), ...(error instanceof AddressRefusedError && { isForbidden: true }) };
}

function explain(error: NodeJS.ErrnoException): string {
  if (error instanceof AddressRefusedError) return error.message;
  const code = error.code ?? error.name;
  return `${causes[code] ?? 'the handshake failed'} (${code})`;
}
