import { randomUUID } from 'node:crypto';
import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import type { Result } from './evaluate.ts';
import { Span, textOf, type Value } from './values.ts';

interface Inner {
  readonly code: string;
  readonly message: string;
  readonly innererror?: Inner;
}

/** An error as the query API words it. */
export function logError(status: number, error: Inner, headers: Record<string, string> = {}): EmulatorResponse {
  const { code, message, innererror } = error;
  const inner = innererror && { innererror };
  return jsonResponse(status, { error: { message, code, correlationId: randomUUID(), ...inner } }, headers);
}

export const unauthenticated = (hasToken: boolean): EmulatorResponse =>
  hasToken
    ? logError(401, {
        code: 'InvalidTokenError',
        message: 'The provided authentication is not valid for this resource',
      })
    : logError(401, { code: 'AuthorizationRequiredError', message: 'Valid authentication was not provided' });

export const insufficientAccess = (): EmulatorResponse =>
  logError(403, {
    code: 'InsufficientAccessError',
    message: 'The provided credentials have insufficient access to perform the requested operation',
  });

export const pathNotFound = (): EmulatorResponse =>
  logError(404, { code: 'PathNotFoundError', message: 'The requested path does not exist' });

export const workspaceNotFound = (): EmulatorResponse =>
  logError(404, { code: 'WorkspaceNotFoundError', message: 'The workspace could not be found' });

export const throttled = (retryAfterSeconds: number): EmulatorResponse =>
  logError(
    429,
    { code: 'ThrottledError', message: 'The request was throttled: too many queries of this user' },
    { 'retry-after': String(retryAfterSeconds) },
  );

/** The query, or the body around it, is wrong. */
export const badArgument = (innererror: Inner): EmulatorResponse =>
  logError(400, { code: 'BadArgumentError', message: 'The request had some invalid properties', innererror });

export const syntaxError = (code: string, message: string): EmulatorResponse =>
  badArgument({
    code: 'SyntaxError',
    message: 'A recognition error occurred in the query.',
    innererror: { code, message },
  });

export const semanticError = (code: string, message: string): EmulatorResponse =>
  badArgument({ code: 'SemanticError', message: 'A semantic error occurred.', innererror: { code, message } });

/** Rows beyond the limit are left out, and the answer says so and is a 200 all the same. */
export function queryAnswer({ columns, rows }: Result, mostRows: number): EmulatorResponse {
  const table = { name: 'PrimaryResult', columns, rows: rows.slice(0, mostRows).map((row) => row.map(cellOf)) };
  return jsonResponse(200, { tables: [table], ...(rows.length > mostRows && { error: partialError(mostRows) }) });
}

function partialError(mostRows: number): object {
  const innererror = {
    code: '-2133196797',
    message: `The results of this query exceed the set limit of ${mostRows} records, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE).`,
    severity: 2,
    severityName: 'Error',
  };
  const detail = {
    code: 'EngineError',
    message: 'Something went wrong processing your query on the server.',
    innererror,
  };
  return { code: 'PartialError', message: 'There were some errors when processing your query.', details: [detail] };
}

/** What is dynamic goes as text. */
function cellOf(value: Value): string | number | boolean | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  return value instanceof Span ? spanText(value) : textOf(value);
}

/** `d.hh:mm:ss`. */
function spanText({ milliseconds }: Span): string {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  const two = (count: number): string => String(count).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const time = [Math.floor((seconds % 86_400) / 3600), Math.floor((seconds % 3600) / 60), seconds % 60].map(two);
  return `${milliseconds < 0 ? '-' : ''}${days > 0 ? `${days}.` : ''}${time.join(':')}`;
}
