import { findCertificates } from '../certificate/pem.ts';
import { RenewalError } from '../errors.ts';
import type { Credential } from './credential.ts';
import type { IssuerAnswer, IssuerHttp, IssuerRequest } from './http.ts';
import { oneLine } from './words.ts';

/** What an EST server says to a CSR. */
export type Enrolled =
  /** base64 DERs, as they stood in the answer. */
  | { readonly state: 'issued'; readonly certificates: readonly string[] }
  | { readonly state: 'pending'; readonly retryAfterSeconds: number }
  | { readonly state: 'rejected'; readonly reason: string };

/** The three questions of RFC 7030 that a renewal asks. Throws `RenewalError` with an `issuer-*` code. */
export interface EstClient {
  /** GET /cacerts: base64 DERs of the CA's certificates, in any order. */
  caCertificates(): Promise<readonly string[]>;
  /** GET /csrattrs: base64 of the DER; `undefined` when the server has no wishes. */
  attributes(): Promise<string | undefined>;
  /** POST /simpleenroll. `csr` is base64 of the PKCS#10 DER, in one line. The same one again asks what became of it. */
  enroll(csr: string): Promise<Enrolled>;
}

export interface EstClientOptions {
  readonly http: IssuerHttp;
  /** With `/.well-known/est` and the label, without trailing slash. */
  readonly base: string;
  /** `user:password`. */
  readonly password?: Credential | undefined;
  readonly clientCertificate?: Credential | undefined;
}

/** RFC 7030 4.2.3 wants Retry-After with 202; one who forgets it is asked in minutes. */
const PENDING_SECONDS = 300;
/** Where no EST server is, or none with this label. */
const NO_SERVER = [404, 405];
/** Servers say in several ways that they have no wishes (RFC 7030 4.5.2). */
const NO_WISHES = [204, 404, 405, 501];

export function createEstClient(options: EstClientOptions): EstClient {
  const { base } = options;
  return {
    async caCertificates() {
      const answer = await ask(options, { method: 'GET', url: `${base}/cacerts` });
      if (answer.status !== 200) throw unexpected('cacerts', answer);
      const found = findCertificates(answer.text);
      if (found.state === 'read') return found.ders.map(base64);
      throw new RenewalError('issuer-unreachable', `est: cacerts failed: ${found.detail}`);
    },
    async attributes() {
      const answer = await ask(options, { method: 'GET', url: `${base}/csrattrs`, handsOn: [501] });
      if (NO_WISHES.includes(answer.status)) return undefined;
      if (answer.status !== 200) throw unexpected('csrattrs', answer);
      return answer.text.trim() === '' ? undefined : answer.text;
    },
    async enroll(csr) {
      const headers = { 'content-type': 'application/pkcs10', 'content-transfer-encoding': 'base64' };
      const answer = await ask(options, { method: 'POST', url: `${base}/simpleenroll`, headers, body: csr });
      return enrolled(answer);
    },
  };
}

function enrolled(answer: IssuerAnswer): Enrolled {
  const { status, text, retryAfterSeconds = PENDING_SECONDS } = answer;
  if (status === 202) return { state: 'pending', retryAfterSeconds };
  if (NO_SERVER.includes(status)) throw unexpected('simpleenroll', answer);
  if (status >= 400) return { state: 'rejected', reason: wordsOf(answer) };
  const found = status === 200 ? findCertificates(text) : undefined;
  if (found?.state === 'read') return { state: 'issued', certificates: found.ders.map(base64) };
  // It may well have issued.
  throw new RenewalError('issuer-unreachable', `est: simpleenroll failed: ${found?.detail ?? `status ${status}`}`);
}

/**
 * Asks, and shows the password with a CSR, or where it is wanted (RFC 7030 4.1.2 and 4.5.1 let anybody ask). One that is
 * refused is looked up again, and tried once more when it is another one by now.
 */
async function ask(options: EstClientOptions, request: IssuerRequest): Promise<IssuerAnswer> {
  const { http, password, clientCertificate } = options;
  const shown = request.method === 'POST' ? await password?.value() : undefined;
  const answer = await send(http, request, shown);
  if (answer.status !== 401) return answer;
  if (shown !== undefined) password?.forget();
  clientCertificate?.forget();
  const now = await password?.value();
  const again = now === shown ? answer : await send(http, request, now);
  if (again.status !== 401) return again;
  throw new RenewalError('issuer-misconfigured', `est: ${request.method} failed: ${refusal(again)}`);
}

async function send(http: IssuerHttp, request: IssuerRequest, password: string | undefined): Promise<IssuerAnswer> {
  // RFC 7617 2.1: UTF-8 is what servers read, where they read more than ASCII.
  const authorization = password && { authorization: `Basic ${Buffer.from(password.trim()).toString('base64')}` };
  return http.send({ ...request, headers: { ...request.headers, ...authorization } });
}

function refusal(answer: IssuerAnswer): string {
  const [scheme = ''] = oneLine(answer.header('www-authenticate') ?? '').split(' ');
  const wants = scheme === '' || /^basic$/i.test(scheme) ? '' : `; it wants ${scheme.slice(0, 20)}`;
  return `the server refuses the credentials (401)${wants}`;
}

function unexpected(operation: string, answer: IssuerAnswer): RenewalError {
  return new RenewalError('issuer-misconfigured', `est: ${operation} failed: ${wordsOf(answer)}`);
}

/** RFC 7030 4.2.3: why, in plain text for people; what is a page for browsers is left out. */
function wordsOf({ status, text, header }: IssuerAnswer): string {
  const words = /html/i.test(header('content-type') ?? '') ? '' : oneLine(text);
  return words === '' ? `status ${status}` : `${words} (${status})`;
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64');
}
