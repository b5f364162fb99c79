import { isRestError, type RestError } from '@azure/core-rest-pipeline';
import { type ErrorCode, RenewalError } from '../errors.ts';
import { retryAfterSeconds } from '../retry-after.ts';

/** What was being done, for the message: adapter, action, ids. */
export interface VaultAction {
  readonly action: string;
  readonly vault: string;
  readonly name?: string;
}

/** What an answer of the vault told, once it is known to be a refusal. */
interface Refusal {
  readonly status: number;
  readonly code: string;
  /** Says which gate closed: `ForbiddenByRbac`, `ForbiddenByFirewall`, `ObjectIsDeletedButRecoverable`, … */
  readonly innerCode: string;
  readonly message: string;
}

const LONGEST_MESSAGE = 400;

/** True for "there is no such thing", which many callers expect. */
export function isMissing(error: unknown): boolean {
  return isRestError(error) && error.statusCode === 404;
}

/** True for "the policy names an issuer that this vault has no account with". */
export function isUnknownIssuer(error: unknown): boolean {
  return isRestError(error) && error.statusCode === 404 && error.code === 'CertificateIssuerNotFound';
}

/** True for "busy with the same object, or it exists already". */
export function isConflict(error: unknown): boolean {
  return isRestError(error) && error.statusCode === 409;
}

/** True for "your identity may not do that". */
export function isForbidden(error: unknown): boolean {
  return isRestError(error) && error.statusCode === 403;
}

/** Whatever a Key Vault client threw, as a `RenewalError`. The client's error is not kept: it carries the request with its token. */
export function vaultError(error: unknown, at: VaultAction, now: Date): RenewalError {
  if (error instanceof RenewalError) return error;
  if (isRestError(error) && error.statusCode !== undefined && error.code !== 'PARSE_ERROR') {
    return refused(error, at, now);
  }
  return unanswered(error, at);
}

function refused(error: RestError, at: VaultAction, now: Date): RenewalError {
  const refusal = refusalOf(error);
  const { status, code, innerCode } = refusal;
  const gate = innerCode === '' ? code : `${code}/${innerCode}`;
  return new RenewalError(codeOf(refusal), `${told(at)}, status=${status}, code=${gate}: ${hint(refusal)}`, {
    cause: { status, code, innerCode },
    retryAfterSeconds: retryAfterSeconds(error.response?.headers.get('retry-after'), now),
  });
}

/** Statuses as Key Vault uses them; two of its texts mean something else than their status says. */
export function codeOf({ status, innerCode, message }: Refusal): ErrorCode {
  if (status === 403 && message.startsWith('Merge is forbidden')) return 'vault-refused';
  if (status === 409 && innerCode === 'ObjectIsDeletedButRecoverable') return 'vault-refused';
  if (status === 401 || status === 403) return 'vault-forbidden';
  if (status === 409) return 'vault-conflict';
  if (status === 429) return 'vault-throttled';
  if (status === 408 || status >= 500) return 'vault-unreachable';
  return 'vault-refused';
}

function hint(refusal: Refusal): string {
  const { innerCode, message } = refusal;
  if (innerCode === 'ObjectIsDeletedButRecoverable') return `recover or purge the deleted certificate. ${message}`;
  return message;
}

function refusalOf(error: RestError): Refusal {
  const inner = (error.details as { error?: { innerError?: { code?: unknown } } } | undefined)?.error?.innerError?.code;
  return {
    status: error.statusCode ?? 0,
    code: typeof error.code === 'string' ? error.code : 'none',
    innerCode: typeof inner === 'string' ? inner : '',
    message: shortened(error.message),
  };
}

/** The call ended without an answer of the vault: network, time limit, or no token could be had. */
function unanswered(error: unknown, at: VaultAction): RenewalError {
  const { name, message, code, statusCode } = factsOf(error);
  const text = `${told(at)}, cause=${code ?? name}: ${shortened(message)}`;
  const cause = { name, code };
  if (name === 'AbortError' || name === 'TimeoutError') {
    return new RenewalError('vault-unreachable', `${told(at)}: no answer within the time limit`, { cause });
  }
  // The identity endpoint said that this identity is wrong; without an answer of its own it counts as unreachable.
  if (name === 'AuthenticationError' && statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new RenewalError('vault-forbidden', text, { cause });
  }
  if (isRestError(error) || name === 'CredentialUnavailableError' || name.endsWith('AuthenticationError')) {
    return new RenewalError('vault-unreachable', text, { cause });
  }
  // The client refuses to send a token to a host that the challenge does not cover.
  if (message.includes('challenge resource')) return new RenewalError('vault-refused', text, { cause });
  return new RenewalError('bug', text, { cause });
}

function factsOf(error: unknown): { name: string; message: string; code?: string; statusCode?: number } {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(typeof statusCode === 'number' && { statusCode }),
  };
}

function told({ action, vault, name }: VaultAction): string {
  return `key-vault: ${action} failed: vault=${vault}` + (name === undefined ? '' : `, name=${name}`);
}

function shortened(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, LONGEST_MESSAGE)}…`;
}
