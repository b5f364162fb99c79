import { X509Certificate } from 'node:crypto';
import { connect, type DetailedPeerCertificate, rootCertificates, type TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../plan/types.ts';
import { chainProblem } from './chain-problem.ts';
import type { Probe } from './port.ts';

export interface ProbeOptions {
  readonly clock: Clock;
  /** PEM of the roots that a chain may end at. Absent: the public ones that Node carries. */
  readonly roots?: readonly string[];
  /** For connection and handshake together. */
  readonly timeoutSeconds: number;
}

/** One fresh TLS connection: what is served there now, and whether a client would believe it. */
export async function probe(endpoint: Endpoint, { clock, roots, timeoutSeconds }: ProbeOptions): Promise<Probe> {
  const answer = await shakeHands(endpoint, timeoutSeconds * 1000);
  const now = clock.now();
  const at = now.toISOString();
  if ('reason' in answer) return { state: 'unreachable', at, reason: answer.reason };
  const [leaf] = answer.sent;
  if (leaf === undefined) return { state: 'unreachable', at, reason: 'the server sent no certificate' };
  const trusted = roots === undefined ? publicRoots() : roots.map((pem) => new X509Certificate(pem));
  const problem = chainProblem({ sent: answer.sent, roots: trusted, host: endpoint.sni, now });
  return {
    state: 'served',
    at,
    sha256: sha256Of(leaf),
    serial: leaf.serialNumber.toLowerCase(),
    notAfter: new Date(leaf.validTo).toISOString(),
    chain: answer.sent.map(sha256Of),
    ...(problem !== undefined && { problem }),
  };
}

type Handshake = { readonly sent: readonly X509Certificate[] } | { readonly reason: string };

function shakeHands({ host, port, sni }: Endpoint, milliseconds: number): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      servername: sni,
      // No session is offered, so that the server has to show what it serves now.
      // Nothing is verified here, and nothing but the handshake is done: an expired or untrusted certificate has to be
      // seen as well, and the chain is judged by ourselves, at the app's clock. This is the only place that does so.
      rejectUnauthorized: false,
    });
    const end = (handshake: Handshake): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(handshake);
    };
    const timer = setTimeout(() => end({ reason: `no TLS handshake within ${milliseconds / 1000} s` }), milliseconds);
    socket.on('error', (error: NodeJS.ErrnoException) => end({ reason: explain(error) }));
    socket.once('close', () => end({ reason: 'the connection was closed before the handshake' }));
    socket.once('secureConnect', () => end({ sent: peerChain(socket) }));
  });
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset before the handshake',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name cannot be resolved at present',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ETIMEDOUT: 'the connection timed out',
  EPROTO: 'the server did not speak TLS as we do',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS',
};

function explain(error: NodeJS.ErrnoException): string {
  const code = error.code ?? error.name;
  return `${causes[code] ?? 'the handshake failed'} (${code})`;
}

/** Every certificate that the server sent. Node ends the chain of a root with a link to itself. */
function peerChain(socket: TLSSocket): readonly X509Certificate[] {
  const chain = new Map<string, X509Certificate>();
  let peer: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (peer?.raw !== undefined && peer.fingerprint256 !== undefined && !chain.has(peer.fingerprint256)) {
    chain.set(peer.fingerprint256, new X509Certificate(peer.raw));
    peer = peer.issuerCertificate;
  }
  return [...chain.values()];
}

let known: readonly X509Certificate[] | undefined;

/** Read once: they are more than a hundred. */
function publicRoots(): readonly X509Certificate[] {
  known ??= rootCertificates.map((pem) => new X509Certificate(pem));
  return known;
}

function sha256Of(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
