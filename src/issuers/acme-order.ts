import { z } from 'zod';
import { RenewalError } from '../errors.ts';
import type { AcmeAnswer } from './acme-client.ts';
import { type AcmeProblem, readProblem, wordsOf } from './acme-problem.ts';
import type { OrderStatus } from './port.ts';

const url = z.string();
const problem = z.unknown().transform(readProblem).optional();

/** An order (RFC 8555 7.1.3), as far as it is used. */
export const orderShape = z.looseObject({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  /** ISO 8601. */
  expires: z.string().optional(),
  authorizations: z.array(url),
  finalize: url,
  certificate: url.optional(),
  error: problem,
});
export type AcmeOrder = z.output<typeof orderShape>;

const challengeShape = z.looseObject({
  type: z.string(),
  url,
  status: z.enum(['pending', 'processing', 'valid', 'invalid']),
  token: z.string().optional(),
  error: problem,
});
export type Challenge = z.output<typeof challengeShape>;

/** An authorization (RFC 8555 7.1.4): the proof of control over one name. */
export const authorizationShape = z.looseObject({
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier: z.looseObject({ value: z.string() }),
  challenges: z.array(challengeShape),
  error: problem,
});
export type Authorization = z.output<typeof authorizationShape>;

/** The one way to prove a name that needs no server at that name; wildcards know no other (RFC 8555 8.4). */
export function dnsChallenge({ challenges }: Authorization): (Challenge & { readonly token: string }) | undefined {
  const found = challenges.find(({ type }) => type === 'dns-01');
  return found?.token === undefined ? undefined : { ...found, token: found.token };
}

/** Why an authorization came to nothing: the words of its challenges, or its status. */
export function refusalOf(authorization: Authorization): AcmeProblem {
  const { identifier, challenges, status, error } = authorization;
  const said = challenges.find((one) => one.error !== undefined)?.error ?? error;
  return { type: said?.type ?? status, detail: `${identifier.value}: ${said?.detail ?? `authorization ${status}`}` };
}

/** What an answer says, in the shape that it must have. */
export function readAs<T extends z.ZodType>(answer: AcmeAnswer, shape: T, what: string): z.output<T> {
  if (answer.state === 'problem') throw unusable(`${what}: ${wordsOf(answer.problem)}`);
  const parsed = shape.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  throw unusable(`${what}: ${z.prettifyError(parsed.error).split('\n', 1)[0] ?? ''}`);
}

export function unusable(what: string): RenewalError {
  return new RenewalError('issuer-unreachable', `acme: an answer cannot be used: ${what}`);
}

export type Rejected = Extract<OrderStatus, { state: 'rejected' }>;
export type Pending = Extract<OrderStatus, { state: 'pending' }>;

/** Where the server does not say when to look again: validation takes seconds. */
export const SOON_SECONDS = 3;

export function pending(retryAfterSeconds: number | undefined): Pending {
  return { state: 'pending', retryAfterSeconds: retryAfterSeconds ?? SOON_SECONDS };
}

export function rejected({ problem }: Extract<AcmeAnswer, { state: 'problem' }>): Rejected {
  return { state: 'rejected', reason: wordsOf(problem) };
}
