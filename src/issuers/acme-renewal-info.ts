import { z } from 'zod';
import { authorityKeyIdOf } from '../certificate/extensions.ts';
import { certificateParts, readCertificate } from '../certificate/read.ts';
import { RenewalError } from '../errors.ts';
import { type AcmeAnswer, type AcmeClient, bodyOf } from './acme-client.ts';
import type { RenewalWindow } from './port.ts';

const MINUTE_SECONDS = 60;
const DAY_SECONDS = 86_400;
/** Where the CA does not say when to ask again. */
const USUAL_SECONDS = 6 * 3600;
/** A page has an address that people can read. */
const LONGEST_URL = 500;

const moment = z.string().refine((text) => !Number.isNaN(Date.parse(text)));
/** RFC 9773 4.2. A window that ends before it begins is no window, and counts as no answer. */
const shape = z.looseObject({
  suggestedWindow: z
    .looseObject({ start: moment, end: moment })
    .refine(({ start, end }) => Date.parse(start) < Date.parse(end)),
  explanationURL: z.string().optional().catch(undefined),
});

/**
 * How a CA with renewal information knows a certificate (RFC 9773 4.1): key identifier of its issuer, serial number;
 * `undefined` for one that does not name the key of its issuer. `certificate`: base64 DER.
 */
export function renewalIdOf(certificate: string): string | undefined {
  const { der } = readCertificate(new Uint8Array(Buffer.from(certificate, 'base64')));
  const { extensions, serial } = certificateParts(der);
  const keyId = authorityKeyIdOf(extensions);
  if (keyId === undefined) return undefined;
  return [Buffer.from(keyId, 'hex'), Buffer.from(serial)].map((octets) => octets.toString('base64url')).join('.');
}

/**
 * When the CA wishes a certificate to be replaced: RFC 9773 4, a GET that nobody signs. `undefined`: the CA has no such
 * information, or none of this certificate. Throws `issuer-unreachable` or `issuer-throttled` when there is no usable answer.
 */
export async function renewalWindow(client: AcmeClient, certificate: string): Promise<RenewalWindow | undefined> {
  const { renewalInfo } = await client.directory();
  const id = renewalInfo === undefined ? undefined : renewalIdOf(certificate);
  if (renewalInfo === undefined || id === undefined) return undefined;
  // Some directories end it with a slash, some do not.
  const answer = await client.get(`${renewalInfo.replace(/\/+$/, '')}/${id}`);
  if (answer.status >= 400) return undefined;
  const read = shape.safeParse(bodyOf(answer));
  if (!read.success) throw new RenewalError('issuer-unreachable', `acme: no renewal window in the answer about ${id}`);
  const { suggestedWindow, explanationURL } = read.data;
  return {
    start: new Date(suggestedWindow.start).toISOString(),
    end: new Date(suggestedWindow.end).toISOString(),
    ...(isPage(explanationURL) && { explanation: explanationURL }),
    retryAfterSeconds: within(answer.retryAfterSeconds ?? USUAL_SECONDS),
  };
}

/** RFC 9773 4.3.2: a CA may ask for neither a storm nor a year of silence. */
function within(seconds: number): number {
  return Math.min(Math.max(seconds, MINUTE_SECONDS), DAY_SECONDS);
}

/** It is shown to people as a link: nothing else may stand there. */
function isPage(text: string | undefined): text is string {
  return (
    text !== undefined && text.length <= LONGEST_URL && /^https?:\/\/[^\s\p{Cc}"<>]+$/u.test(text) && URL.canParse(text)
  );
}

/**
 * What `replaces` of a new order for `names` says (RFC 9773 5); `undefined` where the CA has no renewal information, or none of
 * this certificate: then another CA has issued it. From a CA that cannot tell just now a refusal is as good an answer. One that
 * has none of the names is replaced by nothing: pebble answers such an order with 500, as it does a fault of its own.
 */
export async function replacedId(
  client: AcmeClient,
  certificate: string | undefined,
  names: readonly string[],
): Promise<string | undefined> {
  if (certificate === undefined || !hasOneOf(certificate, names)) return undefined;
  const id = renewalIdOf(certificate);
  try {
    return (await renewalWindow(client, certificate)) === undefined ? undefined : id;
  } catch (error) {
    if (error instanceof RenewalError && error.code !== 'bug') return id;
    throw error;
  }
}

function hasOneOf(certificate: string, names: readonly string[]): boolean {
  const { dns } = readCertificate(new Uint8Array(Buffer.from(certificate, 'base64'))).names;
  return names.some((name) => dns.includes(name.toLowerCase()));
}

/** Whether an order was refused for what it replaces: `alreadyReplaced`, or words to that effect (RFC 9773 5). */
export function isOfReplaced(answer: AcmeAnswer): boolean {
  if (answer.state === 'done') return false;
  const { type, detail } = answer.problem;
  return type === 'alreadyReplaced' || /replac/i.test(detail);
}
