import { type ErrorCode, RenewalError } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';

const LONGEST = 300;

/**
 * Whatever the client of the query API threw, as a `RenewalError`. The client's error is not kept: it carries the request
 * with its token.
 */
export function logError(error: unknown, workspace: string, now: Date): RenewalError {
  if (error instanceof RenewalError) return error;
  const { name, status, said, retryAfter } = factsOf(error);
  const told = `log-analytics: query failed: workspace=${workspace}`;
  if (status === undefined) return silence(told, error, name);
  const message = `${told}, status=${status}${said === '' ? '' : `, ${said}`}`;
  // The identity endpoint's own answer: this identity is wrong, or it is not there just now.
  const isIdentity = name.endsWith('AuthenticationError');
  const code = isIdentity && status < 500 ? 'log-forbidden' : codeOf(status);
  return new RenewalError(code, message, { retryAfterSeconds: retryAfterSeconds(retryAfter, now) });
}

function silence(told: string, error: unknown, name: string): RenewalError {
  if (name === 'AbortError' || name === 'TimeoutError') {
    return new RenewalError('log-unreachable', `${told}: no answer within the time limit`);
  }
  // The client reads members without looking: an answer of another shape ends in one of these.
  if (error instanceof TypeError || error instanceof SyntaxError) {
    return new RenewalError('log-unreachable', `${told}: the answer cannot be read: ${name}`);
  }
  return new RenewalError('log-unreachable', `${told}: no answer: ${name}`);
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'log-forbidden';
  if (status === 429) return 'log-throttled';
  // A status of success here means that the answer could not be read.
  if (status < 300 || status === 408 || status >= 500) return 'log-unreachable';
  return 'log-refused';
}

interface Facts {
  readonly name: string;
  readonly status: number | undefined;
  /** Code and text of the answer's innermost error: `SEM0100: …`. */
  readonly said: string;
  readonly retryAfter: string | undefined;
}

function factsOf(error: unknown): Facts {
  const { statusCode, code, details, response } = (typeof error === 'object' ? (error ?? {}) : {}) as {
    readonly statusCode?: unknown;
    readonly code?: unknown;
    readonly details?: unknown;
    readonly response?: { readonly headers?: { get(name: string): string | undefined } };
  };
  const name = error instanceof Error ? error.name : typeof error;
  return {
    name: typeof code === 'string' && statusCode === undefined ? code : name,
    status: typeof statusCode === 'number' ? statusCode : undefined,
    said: innermost(details, typeof code === 'string' ? code : ''),
    retryAfter: response?.headers?.get('retry-after'),
  };
}

/** An error of the API holds another one, which says more; at most five deep, whatever is sent. */
function innermost(details: unknown, outer: string): string {
  let said = outer;
  let at = member(details, 'error');
  for (let depth = 0; depth < 5 && at !== undefined; depth++) {
    const [code, message] = [member(at, 'code'), member(at, 'message')];
    if (typeof code === 'string') said = typeof message === 'string' ? `${code}: ${message}` : code;
    at = member(at, 'innererror');
  }
  const line = said.replace(/\s+/g, ' ').replace(/Bearer \S+|eyJ[\w.-]+/g, '…');
  return line.slice(0, LONGEST);
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}
