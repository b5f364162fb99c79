import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { AddressRule } from '../address.ts';
import { sha256Hex } from '../certificate/fingerprint.ts';
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../plan/targets/every-target.ts';
import { type ChainToJudge, chainProblem } from './chain-problem.ts';
import { shakeHands } from './handshake.ts';
import type { Probe } from './port.ts';

export interface ProbeOptions {
  readonly clock: Clock;
  /** PEM of the roots that a chain may end at. Absent: the public ones that Node carries. */
  readonly roots?: readonly string[];
  /** For connection and handshake together; 10 when nothing is said. */
  readonly probeSeconds?: number;
  /** Which addresses may be connected to. Absent: every one, for whoever chooses the endpoint himself. */
  readonly mayConnect?: AddressRule;
}

/** One fresh TLS connection: what is served there now, and whether a client would believe it. */
export async function probe(
  endpoint: Endpoint,
  { clock, roots, probeSeconds = 10, mayConnect = () => true }: ProbeOptions,
): Promise<Probe> {
  const handshake = await shakeHands(endpoint, { milliseconds: probeSeconds * 1000, mayConnect });
  const now = clock.now();
  if ('reason' in handshake) return { state: 'unreachable', at: now.toISOString(), ...handshake };
  const trusted = roots === undefined ? publicRoots() : ownRoots(roots);
  return seenIn({ sent: handshake.sent, roots: trusted, host: endpoint.sni, now });
}

/** What a handshake has shown, as the client judges it. */
export function seenIn(shown: ChainToJudge): Probe {
  const { sent, now } = shown;
  const at = now.toISOString();
  const [leaf] = sent;
  if (leaf === undefined) return { state: 'unreachable', at, reason: 'the server sent no certificate' };
  const problem = chainProblem(shown);
  return {
    state: 'served',
    at,
    sha256: sha256Hex(leaf.raw),
    serial: leaf.serialNumber.toLowerCase(),
    notAfter: new Date(leaf.validTo).toISOString(),
    chain: sent.map(({ raw }) => sha256Hex(raw)),
    ...(problem !== undefined && { problem }),
  };
}

let known: readonly X509Certificate[] | undefined;

/** Read once: they are more than a hundred. */
function publicRoots(): readonly X509Certificate[] {
  known ??= rootCertificates.map((pem) => new X509Certificate(pem));
  return known;
}

const own = new WeakMap<readonly string[], readonly X509Certificate[]>();

/** Read once for each reading of the estate file. */
function ownRoots(pems: readonly string[]): readonly X509Certificate[] {
  const read = own.get(pems) ?? pems.map((pem) => new X509Certificate(pem));
  own.set(pems, read);
  return read;
}
