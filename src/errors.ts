/**
 * Every error code a `RenewalError` may carry, with its meaning. One table feeds the type, the retry rule and the docs.
 * `retry`: the same call may succeed later without anybody doing anything.
 */
export const errorCodes = {
  'vault-unreachable': {
    retry: true,
    meaning: 'The vault did not answer, answered with a server error, or with what cannot be read.',
  },
  'vault-throttled': { retry: true, meaning: 'The vault asked us to slow down (429).' },
  'vault-forbidden': {
    retry: false,
    meaning: 'The vault refused our identity (401, 403): a role or a firewall rule is missing.',
  },
  'vault-conflict': { retry: true, meaning: 'The vault is busy with the same object (409).' },
  'vault-refused': { retry: false, meaning: 'The vault refused the request as wrong (400) or unknown (404).' },
  'issuer-unreachable': { retry: true, meaning: 'The issuer did not answer, or answered with a server error.' },
  'issuer-throttled': { retry: true, meaning: 'The issuer asked us to slow down (429, or its own word for it).' },
  'issuer-misconfigured': { retry: false, meaning: 'The issuer cannot work with its present configuration.' },
  'target-unreachable': {
    retry: true,
    meaning: 'A target outside Azure did not answer, or answered with a server error or with what cannot be read.',
  },
  'target-throttled': {
    retry: true,
    meaning: 'A target outside Azure asked us to slow down (429), or is busy with another change (409, 412, 423).',
  },
  'target-forbidden': { retry: false, meaning: 'A target outside Azure refused our signature or token (401, 403).' },
  'target-misconfigured': {
    retry: false,
    meaning: 'What a target outside Azure is asked by is wrong: its address, its trust, or a secret of ours.',
  },
  'arm-unreachable': {
    retry: true,
    meaning: 'Azure Resource Manager, or a cluster, did not answer, or answered with a server error.',
  },
  'arm-throttled': { retry: true, meaning: 'Azure Resource Manager, or a cluster, asked us to slow down (429).' },
  'arm-forbidden': {
    retry: false,
    meaning: 'Azure Resource Manager, or a cluster, refused our identity (401, 403): a role is missing.',
  },
  'arm-conflict': {
    retry: true,
    meaning: 'Another writer changed the same Azure resource (412) or object of a cluster (409) first.',
  },
  'arm-refused': {
    retry: false,
    meaning: 'Azure Resource Manager, or a cluster, refused the request as wrong (400, 404, 409, 422).',
  },
  'log-unreachable': {
    retry: true,
    meaning: 'Log Analytics did not answer, answered with a server error, or with a part of what was asked for.',
  },
  'log-throttled': { retry: true, meaning: 'Log Analytics asked us to slow down (429).' },
  'log-forbidden': {
    retry: false,
    meaning: 'Log Analytics refused our identity (401, 403): the role of the reader is missing, or new.',
  },
  'log-refused': {
    retry: false,
    meaning: 'Log Analytics knows no such workspace (404), or no such table there, or refused the query (400).',
  },
  'storage-unreachable': { retry: true, meaning: 'A table or blob did not answer, or answered with a server error.' },
  'storage-conflict': { retry: true, meaning: 'Another writer changed the same row or blob first.' },
  'journal-corrupt': { retry: false, meaning: 'A journal chain is broken: a record was changed or removed.' },
  'certificate-unreadable': {
    retry: false,
    meaning: 'Bytes that should be a certificate, CSR or chain cannot be read.',
  },
  'estate-invalid': { retry: false, meaning: 'The estate file has mistakes; all of them are in the message.' },
  'settings-invalid': { retry: false, meaning: 'App settings are missing or wrong; all of them are in the message.' },
  bug: { retry: false, meaning: 'Something happened that the code holds to be impossible.' },
} as const satisfies Record<string, { retry: boolean; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

/**
 * The one error that Perennial throws: "cannot tell, try again" (`retry`) or "a person must mend something".
 * The message names adapter, action, ids and cause, and never holds a key, a token or a secret.
 */
export class RenewalError extends Error {
  override readonly name = 'RenewalError';
  readonly code: ErrorCode;
  readonly retryAfterSeconds: number | undefined;
  /** Each mistake that a person has to mend, in a line; `undefined` where the message says it all. */
  readonly problems: readonly string[] | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterSeconds?: number | undefined; problems?: readonly string[] } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.problems = options.problems;
  }

  get retry(): boolean {
    return errorCodes[this.code].retry;
  }
}
