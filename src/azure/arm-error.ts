import { isRestError, type PipelineResponse } from '@azure/core-rest-pipeline';
import { z } from 'zod';
import { type ErrorCode, RenewalError } from '../errors.ts';

/** ARM's error body; some resource providers leave out the wrapping `error`, and App Service writes capitals. */
const detail = z.looseObject({ code: z.string(), message: z.string() });
/** Of an answer, and of an operation that has failed. */
export const armErrorBody = detail.extend({ details: z.array(detail).optional().catch(undefined) });
const capitalBody = z
  .looseObject({ Code: z.string(), Message: z.string() })
  .transform(({ Code: code, Message: message }) => ({ code, message }));
const errorBody = z.union([armErrorBody, capitalBody]);
const wrappedError = z.looseObject({ error: errorBody });

/** What an answer with an error status means. `action` names verb and resource. */
export function armAnswerError(action: string, response: PipelineResponse): RenewalError {
  const said = saidBy(response);
  const code = codeOf(response.status, said);
  return new RenewalError(code, `arm: ${action} failed: ${response.status}${said ? ` ${explain(said)}` : ''}`, {
    retryAfterSeconds: retryAfterSeconds(response),
  });
}

/** Status and code of ARM's answer that became this error; none when it was no answer. */
export function armStatusOf({ message }: RenewalError): { readonly status?: number; readonly code?: string } {
  const [, status, code] = / failed: (\d{3})(?: (\w+):)?/.exec(message) ?? [];
  return { ...(status !== undefined && { status: Number(status) }), ...(code !== undefined && { code }) };
}

/** What it means that there was no answer. The cause's own text stays out: it may repeat the request and its token. */
export function armSilence(action: string, error: unknown): RenewalError {
  if (error instanceof RenewalError) return error;
  const name = isRestError(error) ? (error.code ?? error.name) : error instanceof Error ? error.name : 'unknown';
  return new RenewalError('arm-unreachable', `arm: ${action} failed: no answer: ${name}`);
}

/** `Retry-After` in seconds, or what Resource Graph says instead; `undefined` when the answer has neither. */
export function retryAfterSeconds(response: PipelineResponse): number | undefined {
  const text = response.headers.get('retry-after') ?? '';
  if (/^\d{1,6}$/.test(text)) return Number(text);
  return response.status === 429 ? quotaResetSeconds(response) : undefined;
}

/** How long to rest before the next query of Resource Graph: set when the quota of this identity is used up. */
export function restSeconds(response: PipelineResponse): number | undefined {
  return response.headers.get('x-ms-user-quota-remaining') === '0' ? quotaResetSeconds(response) : undefined;
}

/** https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests */
function quotaResetSeconds({ headers }: PipelineResponse): number | undefined {
  const [, hours, minutes, seconds] =
    /^(\d{1,2}):([0-5]\d):([0-5]\d)(?:\.\d+)?$/.exec(headers.get('x-ms-user-quota-resets-after') ?? '') ?? [];
  if (hours === undefined) return undefined;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** Far more than is shown, and little enough that nobody's megabytes are searched. */
const READ_CHARACTERS = 10_000;

/**
 * `Code: message`, and the first of its details, one line, at most 300 characters each, without anything that looks like
 * a token. Of a missing right on something that is linked, ARM first tells at length which right there is.
 */
export function explain({ code, message, details: [first] = [] }: Said): string {
  const said = `${code}: ${message}`.slice(0, READ_CHARACTERS);
  const line = shown(said.replace(/: The client .*?; however, it does not/s, ': the client does not'));
  return first === undefined ? line : `${line} [${shown(`${first.code}: ${first.message}`)}]`;
}

type Said = z.infer<typeof detail> & { readonly details?: readonly z.infer<typeof detail>[] | undefined };

function shown(text: string): string {
  const line = text.slice(0, READ_CHARACTERS).replace(/\s+/g, ' ');
  return line.replace(/Bearer \S+|eyJ[\w.-]+/g, '…').slice(0, 300);
}

function saidBy(response: PipelineResponse): Said | undefined {
  try {
    const body: unknown = JSON.parse(response.bodyAsText ?? '');
    return wrappedError.safeParse(body).data?.error ?? errorBody.safeParse(body).data;
  } catch {
    // A proxy's page of HTML, or nothing: the status alone has to do.
    return undefined;
  }
}

/** ARM's words for "somebody else is changing this resource": a conflict that ends by itself. */
const passing = new Set(['AnotherOperationInProgress', 'OperationNotAllowedOnConcurrentUpdate', 'RetryableError']);
/** App Service and Compute call every conflict `Conflict`; only their sentence tells which ones end by themselves. */
const passingSentence = /another operation is in progress|conflict with a concurrent request/i;

/** The token ended on its way: the next try has a new one. */
const EXPIRED = 'ExpiredAuthenticationToken';

function codeOf(status: number, said: Said | undefined): ErrorCode {
  if (status === 401 && said?.code === EXPIRED) return 'arm-unreachable';
  if (status === 401 || status === 403) return 'arm-forbidden';
  if (status === 429 || (status === 409 && said !== undefined && isPassing(said))) return 'arm-throttled';
  if (status === 412) return 'arm-conflict';
  if (status === 408 || status >= 500) return 'arm-unreachable';
  return 'arm-refused';
}

function isPassing({ code, message }: Said): boolean {
  return passing.has(code) || (code === 'Conflict' && passingSentence.test(message));
}
