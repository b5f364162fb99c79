import { createHmac, timingSafeEqual } from 'node:crypto';
import { type ErrorCode, RenewalError } from './errors.ts';

/** Headers of a signed message (Standard Webhooks 1.0.0), in lower case. */
export const signatureHeaders = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

/** How far the clocks of two machines may be apart, and for how long a message that was overheard is good. */
const TOLERATED_SECONDS = 300;
const SHORTEST_SECRET_BYTES = 24;
const MARK = 'whsec_';
const MOST_SIGNATURES = 10;

export interface OutgoingMessage {
  /** The same for a message that is sent again. */
  readonly id: string;
  readonly at: Date;
  readonly body: string;
}

export interface IncomingMessage {
  readonly header: (name: string) => string | null | undefined;
  readonly body: Uint8Array;
}

/** `stale`: signed rightly or not, it is of another time. */
export type Verdict =
  | { readonly state: 'authentic'; readonly id: string }
  | { readonly state: 'unsigned' | 'stale' | 'forged'; readonly detail: string };

/**
 * The keys that a secret holds, apart by white space: the first one signs, every one verifies, so that two parties need
 * not change theirs at the same moment. `whsec_` and base64, or a text that is the key itself.
 */
export function signingKeys(
  secret: string,
  told: { readonly who: string; readonly code: ErrorCode },
): readonly Buffer[] {
  const keys = secret
    .split(/\s+/)
    .filter((part) => part !== '')
    .map(keyOf);
  if (keys.length > 0 && keys.every(({ length }) => length >= SHORTEST_SECRET_BYTES)) return keys;
  throw new RenewalError(told.code, `${told.who}: the secret holds no key of ${SHORTEST_SECRET_BYTES} bytes or more`);
}

function keyOf(part: string): Buffer {
  return part.startsWith(MARK) ? Buffer.from(part.slice(MARK.length), 'base64') : Buffer.from(part);
}

/** The headers that prove who sent a body. */
export function sign({ id, at, body }: OutgoingMessage, [key]: readonly Buffer[]): Record<string, string> {
  if (key === undefined) throw new RenewalError('bug', 'webhook: nothing to sign with');
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = mac(key, `${id}.${timestamp}.`, Buffer.from(body)).toString('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/** Whether whoever sent a message has one of the keys, and sent it just now. */
export function verify({ header, body }: IncomingMessage, keys: readonly Buffer[], now: Date): Verdict {
  const [id = '', timestamp = '', signatures = ''] = signatureHeaders.map((name) => header(name) ?? '');
  if (!/^[\x21-\x7e]{1,200}$/.test(id) || !/^\d{1,12}$/.test(timestamp) || signatures === '') {
    return { state: 'unsigned', detail: `the headers ${signatureHeaders.join(', ')} are missing or malformed` };
  }
  const given = signatures.split(' ').slice(0, MOST_SIGNATURES).flatMap(version1);
  const right = keys.map((key) => mac(key, `${id}.${timestamp}.`, body));
  // Every pair is compared, and each in constant time.
  const matches = given.flatMap((one) => right.map((other) => isSame(one, other))).filter(Boolean);
  if (matches.length === 0) return { state: 'forged', detail: 'no signature was made with a secret of both sides' };
  const apart = Math.abs(Math.floor(now.getTime() / 1000) - Number(timestamp));
  if (apart <= TOLERATED_SECONDS) return { state: 'authentic', id };
  return { state: 'stale', detail: `the timestamp is ${apart} seconds off, and ${TOLERATED_SECONDS} are allowed` };
}

function mac(key: Buffer, head: string, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(head).update(body).digest();
}

function version1(signature: string): readonly Buffer[] {
  return signature.startsWith('v1,') ? [Buffer.from(signature.slice(3), 'base64')] : [];
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
