import { z } from 'zod';
import { RenewalError } from '../errors.ts';
import type { IssuerAnswer } from './http.ts';

/** A problem document (RFC 7807) with ACME's subproblems (RFC 8555 6.7.1). `type` is without its common beginning. */
export interface AcmeProblem {
  readonly type: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number | undefined;
}

const COMMON = 'urn:ietf:params:acme:error:';
const SHOWN_CHARACTERS = 300;

const shape = z.looseObject({
  type: z.string().catch('about:blank'),
  detail: z.string().catch(''),
  subproblems: z
    .array(z.looseObject({ detail: z.string().catch(''), identifier: z.looseObject({ value: z.string() }).optional() }))
    .catch([]),
});

/** Reads a problem that stands in an order, an authorization or a challenge, or is an answer of its own. */
export function readProblem(value: unknown): AcmeProblem | undefined {
  const read = shape.safeParse(value).data;
  if (read === undefined) return undefined;
  const type = read.type.startsWith(COMMON) ? read.type.slice(COMMON.length) : read.type;
  const parts = read.subproblems.map(({ identifier, detail }) =>
    [identifier?.value, detail].filter(Boolean).join(': '),
  );
  return { type, detail: plain([read.detail, ...parts].filter((text) => text !== '').join('; ')) };
}

/** Of half a document, or of something that stands before the server: whoever sent it has decided nothing about an order. */
const UNREADABLE = 'unreadable';

/** The problem that an answer is; one without a document has its status for a type. */
export function problemOf({
  status,
  text,
  retryAfterSeconds,
}: Pick<IssuerAnswer, 'status' | 'text' | 'retryAfterSeconds'>): AcmeProblem {
  const read = readProblem(parsed(text));
  if (read !== undefined) return { ...read, retryAfterSeconds };
  const isEmpty = text.trim() === '';
  if (isEmpty || status === 429) return { type: `status ${status}`, detail: '', retryAfterSeconds };
  return { type: UNREADABLE, detail: `status ${status}`, retryAfterSeconds };
}

/** In the CA's own words, for people. */
export function wordsOf({ type, detail }: AcmeProblem): string {
  return detail === '' ? type : `${detail} (${type})`;
}

/** What somebody has to mend in the configuration, as against in the request. */
const misconfigured = new Set([
  'externalAccountRequired',
  'userActionRequired',
  'unsupportedContact',
  'invalidContact',
  'badPublicKey',
  'badSignatureAlgorithm',
  'invalidProfile',
]);

/** A problem that says nothing about this order: throws it. */
export function throwUnlessRefusal(action: string, problem: AcmeProblem): void {
  const message = `acme: ${action} failed: ${wordsOf(problem)}`;
  const { type, retryAfterSeconds } = problem;
  if (type === 'rateLimited' || type === 'status 429')
    throw new RenewalError('issuer-throttled', message, { retryAfterSeconds });
  if (misconfigured.has(type)) throw new RenewalError('issuer-misconfigured', message);
  if (type === 'serverInternal' || type === 'badNonce' || type === UNREADABLE)
    throw new RenewalError('issuer-unreachable', message);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** One line, cut: it comes from the other side. */
function plain(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
}
