import { sha256Hex } from '../src/certificate/fingerprint.ts';
import { shakeHands } from '../src/targets/handshake.ts';
import { pause } from './rest.ts';

/** What one fresh TLS connection was sent: SHA-256 of each certificate, in the order of the server; or why nothing. */
export type Served = { readonly sent: readonly string[]; readonly links: string } | { readonly reason: string };

export interface Place {
  readonly host: string;
  readonly port: number;
  readonly sni: string;
}

const HANDSHAKE_MILLISECONDS = 10_000;

/** Looks once. The certificate is not trusted, only named: whoever runs this chose the endpoint himself. */
export async function look(place: Place): Promise<Served> {
  const handshake = await shakeHands(place, { milliseconds: HANDSHAKE_MILLISECONDS, mayConnect: () => true });
  if ('reason' in handshake) return handshake;
  const { sent } = handshake;
  const inOrder = sent.every((one, index) => index === 0 || (sent[index - 1]?.checkIssued(one) ?? false));
  return {
    sent: sent.map(({ raw }) => sha256Hex(raw)),
    links: `${sent.length} certificates, ${inOrder ? 'each followed by its issuer' : 'out of order'}`,
  };
}

/** Looks until the leaf is the wanted one, or the time is over; answers with the last look. */
export async function lookFor(
  place: Place,
  wanted: string,
  { seconds, signal }: { readonly seconds: number; readonly signal?: AbortSignal },
): Promise<Served> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look(place);
    if (('sent' in seen && seen.sent[0] === wanted) || Date.now() >= until) return seen;
    await pause(1000, signal);
  }
}
