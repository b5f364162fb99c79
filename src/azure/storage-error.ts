import { isRestError } from '@azure/core-rest-pipeline';
import { type ErrorCode, RenewalError } from '../errors.ts';

/** HTTP status of a storage error; `undefined` when there was no answer at all. */
export function storageStatus(error: unknown): number | undefined {
  return isRestError(error) ? error.statusCode : undefined;
}

/**
 * What a failed table or blob call means. `action` names adapter, verb and ids. The service's own text is left out but
 * for its error code: it repeats request headers in some answers.
 */
export function storageError(action: string, error: unknown): RenewalError {
  if (error instanceof RenewalError) return error;
  const status = storageStatus(error);
  const said = isRestError(error) ? (error.code ?? error.name) : error instanceof Error ? error.name : 'unknown';
  // A RestError carries the request with its signature or token: it is not kept. All else is, being our own affair.
  const cause = isRestError(error) ? undefined : error;
  return new RenewalError(codeOf(status), `${action} failed: ${status ?? 'no answer'} ${said}`, { cause });
}

/** A missing role (401, 403) counts as unreachable: assignments take minutes to spread, and nothing else is to be done. */
function codeOf(status: number | undefined): ErrorCode {
  if (status === undefined) return 'storage-unreachable';
  if (status === 409 || status === 412) return 'storage-conflict';
  const wrongRequest = status === 400 || status === 413;
  return wrongRequest ? 'bug' : 'storage-unreachable';
}
