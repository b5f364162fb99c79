import { z } from 'zod';
import { type ErrorCode, errorCodes, RenewalError } from '../errors.ts';
import { type Reason, reasons } from '../renewal/outcomes.ts';
import { outcome, reason } from './words.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** What can be wrong with a call itself, before anything is looked at. */
export const callProblems = {
  'content-type-unsupported': { status: 415, meaning: 'The body is not declared as application/json.' },
  'body-too-large': { status: 413, meaning: 'The body is larger than this call takes.' },
  'body-malformed': { status: 400, meaning: 'The body is no JSON.' },
  'request-invalid': {
    status: 422,
    meaning: 'Fields of the body, the path or the query are wrong; `errors` names each.',
  },
  'id-invalid': { status: 400, meaning: 'The id is none that a renewal can have.' },
  'renewal-unknown': { status: 404, meaning: 'There is no renewal of that id.' },
  'sweep-unknown': { status: 404, meaning: 'No sweep has ended yet.' },
  'no-audit-log': { status: 501, meaning: 'No Log Analytics workspace is set, so that nobody can tell who read what.' },
  'uses-not-looked': { status: 404, meaning: 'Nobody has looked yet where certificates are used.' },
  'version-unknown': { status: 404, meaning: 'The certificate has no such finished version.' },
  'revoke-unsupported': { status: 409, meaning: 'The issuer of the certificate revokes nothing through Perennial.' },
  'still-in-use': {
    status: 409,
    meaning:
      'The version is current, or was last seen served: revoking it breaks whoever checks; `force` does it anyway.',
  },
  'revoke-refused': { status: 409, meaning: 'The issuer refused to revoke; `detail` has its words.' },
  'order-unknown': { status: 404, meaning: 'No order of a person, a webhook or a worker has that reference.' },
  'order-answered': { status: 409, meaning: 'The order was answered otherwise, cancelled, or its time is over.' },
  'private-key-refused': { status: 422, meaning: 'A private key was sent; nothing of it was kept.' },
  'chain-refused': { status: 422, meaning: 'What was sent is no chain for this order; nothing of it was kept.' },
  'signature-refused': { status: 401, meaning: 'The signature of the call is missing, wrong, or of another time.' },
  'not-partly-deployed': { status: 409, meaning: 'Every target of the renewal serves its version, or it has none.' },
  'too-late': { status: 409, meaning: 'The renewal is finished, or its new version exists already.' },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type CallProblem = keyof typeof callProblems;
export type ProblemCode = CallProblem | ErrorCode | Reason;

/** One wrong field of a body. */
export const fieldProblem = z
  .object({
    field: z.string().meta({ description: 'Path of the field; `body` for the body as a whole.' }),
    problem: z.string().meta({ description: 'What is wrong with its value.' }),
    fix: z.string().meta({ description: 'What to send instead.' }),
  })
  .meta({ id: 'FieldProblem' });

/** A problem document (RFC 9457). `code` is one of the documented constants, `title` its meaning. */
export const problemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    instance: z.string().optional(),
    code: z.string(),
    errors: z.array(fieldProblem).optional(),
    problems: z
      .array(z.string())
      .optional()
      .meta({ description: 'Of `GET /api/health` only: every mistake in settings or estate file, each with its fix.' }),
    id: z.string().optional().meta({ description: 'Of the renewal that was refused; its journal says the same.' }),
    outcome: outcome.optional(),
    outcomeReason: reason.optional(),
  })
  .meta({ id: 'Problem', description: 'A problem document (RFC 9457).' });

export type FieldProblem = Readonly<z.infer<typeof fieldProblem>>;
export type ProblemDocument = Readonly<z.infer<typeof problemDocument>>;

interface ProblemParts {
  readonly status: number;
  readonly code: ProblemCode;
  readonly title: string;
  readonly detail: string;
  readonly instance?: string | undefined;
  readonly errors?: readonly FieldProblem[] | undefined;
}

export function problem({ status, code, title, detail, instance, errors }: ProblemParts): ProblemDocument {
  const more = { ...(instance !== undefined && { instance }), ...(errors !== undefined && { errors: [...errors] }) };
  return { type: `urn:perennial:problem:${code}`, title, status, detail, code, ...more };
}

/** The call itself is wrong. */
export function callProblem(code: CallProblem, detail: string, errors?: readonly FieldProblem[]): ProblemDocument {
  const { status, meaning } = callProblems[code];
  return problem({ status, code, title: meaning, detail, errors });
}

const NOT_FOUND: readonly Reason[] = ['vault-outside-estate', 'not-in-estate', 'gone'];

/** The call is fine, but a rule, or what the vault holds, stands against it. */
export function refusal(reason: Reason, detail: string, instance?: string): ProblemDocument {
  const status = NOT_FOUND.includes(reason) ? 404 : 409;
  return problem({ status, code: reason, title: reasons[reason], detail, instance });
}

/** 503 also where a person has to mend the app first: the call was fine, and nothing of it was lost. */
const STATUS: Readonly<Record<ErrorCode, number>> = {
  'vault-unreachable': 503,
  'vault-throttled': 503,
  'vault-forbidden': 502,
  'vault-conflict': 503,
  'vault-refused': 502,
  'issuer-unreachable': 503,
  'issuer-throttled': 503,
  'issuer-misconfigured': 500,
  'target-unreachable': 503,
  'target-throttled': 503,
  'target-forbidden': 502,
  'target-misconfigured': 500,
  'arm-unreachable': 503,
  'arm-throttled': 503,
  'arm-forbidden': 502,
  'arm-conflict': 503,
  'arm-refused': 502,
  'log-unreachable': 503,
  'log-throttled': 503,
  'log-forbidden': 502,
  'log-refused': 502,
  'storage-unreachable': 503,
  'storage-conflict': 503,
  'journal-corrupt': 500,
  'certificate-unreadable': 500,
  'estate-invalid': 503,
  'settings-invalid': 503,
  bug: 500,
};

/** Messages about our own inside are for the log: they name files, settings and places in the code. */
const INTERNAL: readonly ErrorCode[] = ['bug', 'settings-invalid', 'estate-invalid', 'journal-corrupt'];
const SHOWN_CHARACTERS = 300;
const USUAL_RETRY_SECONDS = 30;

/** An answer to a call that ended in an error, and when to try again. Whatever was not foreseen reads as `bug`. */
export function errorProblem(error: unknown): {
  readonly problem: ProblemDocument;
  readonly retryAfterSeconds?: number;
} {
  const code = error instanceof RenewalError ? error.code : 'bug';
  const title = errorCodes[code].meaning;
  const document = problem({ status: STATUS[code], code, title, detail: detailOf(error, code) });
  if (!errorCodes[code].retry) return { problem: document };
  const asked = error instanceof RenewalError ? error.retryAfterSeconds : undefined;
  return { problem: document, retryAfterSeconds: Math.ceil(asked ?? USUAL_RETRY_SECONDS) };
}

function detailOf(error: unknown, code: ErrorCode): string {
  if (!(error instanceof RenewalError) || INTERNAL.includes(code)) return 'The log of the app says more.';
  return (error.message.split('\n', 1)[0] ?? '').slice(0, SHOWN_CHARACTERS);
}
