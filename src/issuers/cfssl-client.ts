import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { findCertificates } from '../certificate/pem.ts';
import { RenewalError } from '../errors.ts';
import type { IssuerAnswer, IssuerHttp } from './http.ts';
import { readJson } from './json-answer.ts';
import { oneLine } from './words.ts';

/** What cfssl answers: a result, or why there is none. */
export type CfsslAnswer =
  | { readonly state: 'done'; readonly result: unknown }
  | { readonly state: 'refused'; readonly code: number; readonly words: string };

/** The API of `cfssl serve` (doc/api of cloudflare/cfssl). Throws `RenewalError` with an `issuer-*` code. */
export interface CfsslClient {
  call(endpoint: 'info' | 'sign' | 'authsign' | 'revoke', body: object): Promise<CfsslAnswer>;
}

const answerShape = z.looseObject({
  success: z.boolean(),
  result: z.unknown(),
  errors: z.array(z.looseObject({ code: z.number(), message: z.string() })).catch([]),
});

export function createCfsslClient(http: IssuerHttp, url: string): CfsslClient {
  const base = `${url.replace(/\/+$/, '')}/api/v1/cfssl`;
  const headers = { 'content-type': 'application/json' };
  return {
    async call(endpoint, body) {
      const text = JSON.stringify(body);
      return read(endpoint, await http.send({ method: 'POST', url: `${base}/${endpoint}`, headers, body: text }));
    },
  };
}

function read(endpoint: string, answer: IssuerAnswer): CfsslAnswer {
  const body = readJson(answer, answerShape);
  if (body?.success === true && answer.status === 200) return { state: 'done', result: body.result };
  const [error] = body?.errors ?? [];
  if (error !== undefined) return { state: 'refused', code: error.code, words: oneLine(error.message) };
  // No cfssl answers there, or it has no such endpoint.
  if (answer.status >= 400) return { state: 'refused', code: answer.status, words: `/${endpoint} is not there` };
  throw new RenewalError('issuer-unreachable', `cfssl: ${endpoint} failed: the answer cannot be read`);
}

/**
 * A request with its token (auth/auth.go): HMAC-SHA256 over the bytes of the request, which is sent in base64 so that they
 * stay those bytes. `key` is hex.
 */
export function authenticated(request: object, key: string): object {
  const bytes = Buffer.from(JSON.stringify(request));
  const token = createHmac('sha256', Buffer.from(key, 'hex')).update(bytes).digest('base64');
  return { token, request: bytes.toString('base64') };
}

/** The one certificate of a result: base64 of its DER; `undefined` when there is none. */
export function certificateIn(result: unknown): string | undefined {
  const { certificate = '' } = z.looseObject({ certificate: z.string() }).safeParse(result).data ?? {};
  const found = findCertificates(certificate);
  const [der] = found.state === 'read' ? found.ders : [];
  return der && Buffer.from(der).toString('base64');
}
