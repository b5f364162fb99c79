import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EmulatorRequest } from '../../emulator.ts';

const TOLERATED_SECONDS = 300;

/** Standard Webhooks 1.0.0, written anew: what the app signs is read by other code than what signs it. */
export function signatureOf(secret: string, message: { id: string; timestamp: string; body: Uint8Array }): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = Buffer.concat([Buffer.from(`${message.id}.${message.timestamp}.`), message.body]);
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

/** The headers of a message that is sent now. */
export function signedHeaders(secret: string, body: string, now: Date): Record<string, string> {
  const id = `msg_${randomBytes(12).toString('hex')}`;
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signature = signatureOf(secret, { id, timestamp, body: Buffer.from(body) });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

/** What is wrong with the signature of a request; `undefined`: nothing. */
export function signatureProblem(secret: string, { headers, body }: EmulatorRequest, now: Date): string | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': given } = headers;
  if (id === undefined || timestamp === undefined || given === undefined) return 'Missing required headers';
  if (!/^\d+$/.test(timestamp)) return 'Invalid Signature Headers';
  const apart = now.getTime() / 1000 - Number(timestamp);
  if (apart > TOLERATED_SECONDS) return 'Message timestamp too old';
  if (apart < -TOLERATED_SECONDS) return 'Message timestamp too new';
  const right = Buffer.from(signatureOf(secret, { id, timestamp, body }));
  const matches = given.split(' ').some((one) => {
    const other = Buffer.from(one);
    return other.length === right.length && timingSafeEqual(other, right);
  });
  return matches ? undefined : 'No matching signature found';
}
