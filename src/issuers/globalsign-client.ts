import { z } from 'zod';
import { findCertificates } from '../certificate/pem.ts';
import { readCertificate } from '../certificate/read.ts';
import type { CertificateDetails } from '../certificate/types.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { Credential } from './credential.ts';
import type { IssuerAnswer, IssuerHttp, IssuerRequest } from './http.ts';
import { readJson } from './json-answer.ts';
import { oneLine } from './words.ts';

/** A certificate at HVCA, which has a serial number before it exists. */
export type Looked =
  | { readonly state: 'absent' }
  | { readonly state: 'issued' | 'revoked'; readonly leaf: CertificateDetails };

type Refused = { readonly state: 'refused'; readonly words: string };

/** GlobalSign's Atlas API (HVCA), version 2: the operations that a renewal needs. Throws with an `issuer-*` code. */
export interface GlobalSignClient {
  /** POST /certificates: the serial number of the certificate to come, in hex. */
  order(wish: object): Promise<{ readonly state: 'accepted'; readonly serial: string } | Refused>;
  /** GET /certificates/{serial} */
  look(serial: string): Promise<Looked>;
  /** GET /trustchain: the issuing CA and those above it. */
  trustChain(): Promise<readonly CertificateDetails[]>;
  /** GET /stats/issued: serial numbers of what was issued from one moment to another, at most a hundred. */
  issuedBetween(from: Date, to: Date): Promise<readonly string[]>;
  /** PATCH /certificates/{serial} */
  revoke(serial: string, reason: string): Promise<{ readonly state: 'done' } | Refused>;
}

export interface GlobalSignOptions {
  readonly http: IssuerHttp;
  readonly clock: Pick<Clock, 'now'>;
  /** Without trailing slash. */
  readonly base: string;
  readonly apiKey: Credential;
  readonly apiSecret: Credential;
  readonly clientCertificate: Credential;
}

/** Tokens are good for ten minutes. */
const TOKEN_MILLISECONDS = 8 * 60_000;
const MOST_LISTED = 100;

const tokenShape = z.looseObject({ access_token: z.string().min(1) });
const certificateShape = z.looseObject({ certificate: z.string(), status: z.string() });
const chainShape = z.array(z.string());
const listShape = z.array(z.looseObject({ serial_number: z.string().regex(/^[0-9A-Fa-f]{1,64}$/) }));
const problemShape = z.looseObject({
  description: z.string().catch(''),
  errors: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

export function createGlobalSignClient(options: GlobalSignOptions): GlobalSignClient {
  const { base } = options;
  const ask = asking(options);
  return {
    async order(wish) {
      const answer = await ask('the order', { method: 'POST', url: `${base}/certificates`, ...json(wish) });
      if (answer.status >= 400) return { state: 'refused', words: wordsOf(answer) };
      const serial = /\/([0-9A-Fa-f]{1,64})\/?$/.exec(answer.header('location') ?? '')?.[1];
      if (answer.status === 201 && serial !== undefined) return { state: 'accepted', serial: serial.toUpperCase() };
      throw unusable('the order', answer);
    },
    async look(serial) {
      const answer = await ask('the look', { method: 'GET', url: `${base}/certificates/${serial}` });
      if (answer.status === 404 || answer.status === 202) return { state: 'absent' };
      const read = answer.status === 200 ? readJson(answer, certificateShape) : undefined;
      const [leaf] = read === undefined ? [] : certificatesIn(read.certificate);
      if (leaf === undefined || read === undefined) throw unusable('the look', answer);
      return { state: read.status.toUpperCase() === 'REVOKED' ? 'revoked' : 'issued', leaf };
    },
    async trustChain() {
      const answer = await ask('the trust chain', { method: 'GET', url: `${base}/trustchain` });
      const read = answer.status === 200 ? readJson(answer, chainShape) : undefined;
      if (read === undefined) throw unusable('the trust chain', answer);
      return read.flatMap(certificatesIn);
    },
    async issuedBetween(from, to) {
      const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
      const query = `page=1&per_page=${MOST_LISTED}&from=${seconds(from)}&to=${seconds(to)}`;
      const answer = await ask('the list', { method: 'GET', url: `${base}/stats/issued?${query}` });
      const read = answer.status === 200 ? readJson(answer, listShape) : undefined;
      if (read === undefined) throw unusable('the list', answer);
      return read.map(({ serial_number }) => serial_number.toUpperCase());
    },
    async revoke(serial, reason) {
      const wish = json({ revocation_reason: reason });
      const answer = await ask('the revocation', { method: 'PATCH', url: `${base}/certificates/${serial}`, ...wish });
      return answer.status < 300 ? { state: 'done' } : { state: 'refused', words: wordsOf(answer) };
    },
  };
}

/** One login for many calls; a token that is refused is taken anew, once. */
function asking(options: GlobalSignOptions) {
  const { http, clock } = options;
  let kept: { readonly token: Promise<string>; readonly until: number } | undefined;
  const token = (): Promise<string> => {
    const now = clock.now().getTime();
    if (kept !== undefined && now < kept.until) return kept.token;
    const taken = { token: login(options), until: now + TOKEN_MILLISECONDS };
    kept = taken;
    taken.token.catch(() => {
      if (kept === taken) kept = undefined;
    });
    return taken.token;
  };
  const send = async (request: IssuerRequest): Promise<IssuerAnswer> => {
    const headers = { ...request.headers, authorization: `Bearer ${await token()}` };
    return http.send({ ...request, headers });
  };
  return async (operation: string, request: IssuerRequest): Promise<IssuerAnswer> => {
    let answer = await send(request);
    if (answer.status === 401) {
      kept = undefined;
      answer = await send(request);
    }
    if (answer.status !== 401 && answer.status !== 403) return answer;
    throw misconfigured(`${operation} failed: ${wordsOf(answer)}`);
  };
}

async function login({ http, base, apiKey, apiSecret, clientCertificate }: GlobalSignOptions): Promise<string> {
  const [key, secret] = await Promise.all([apiKey.value(), apiSecret.value()]);
  const body = json({ api_key: key.trim(), api_secret: secret.trim() });
  const answer = await http.send({ method: 'POST', url: `${base}/login`, ...body });
  const read = answer.status === 200 ? readJson(answer, tokenShape) : undefined;
  if (read !== undefined) return read.access_token;
  if (answer.status < 400) throw unusable('the login', answer);
  for (const credential of [apiKey, apiSecret, clientCertificate]) credential.forget();
  throw misconfigured(`the login failed: ${wordsOf(answer)}`);
}

function json(value: object): Pick<IssuerRequest, 'body' | 'headers'> {
  return { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } };
}

function certificatesIn(pem: string): readonly CertificateDetails[] {
  const found = findCertificates(pem);
  try {
    if (found.state === 'read') return found.ders.map(readCertificate);
  } catch (error) {
    if (!(error instanceof RenewalError) || error.code !== 'certificate-unreadable') throw error;
  }
  throw new RenewalError('issuer-unreachable', 'globalsign: what it sent is no certificate');
}

/** The description, and what is wrong with each field. */
function wordsOf(answer: IssuerAnswer): string {
  const { description = '', errors = {} } = readJson(answer, problemShape) ?? {};
  const fields = Object.entries(errors).map(
    ([field, why]) => `${field}: ${typeof why === 'string' ? why : JSON.stringify(why)}`,
  );
  const words = oneLine([description, ...fields].filter((part) => part !== '').join('; '));
  return words === '' ? `status ${answer.status}` : `${words} (${answer.status})`;
}

function unusable(operation: string, answer: IssuerAnswer): RenewalError {
  return new RenewalError('issuer-unreachable', `globalsign: ${operation} failed: ${wordsOf(answer)}`);
}

function misconfigured(message: string): RenewalError {
  return new RenewalError('issuer-misconfigured', `globalsign: ${message}`);
}
