/** The store cannot be opened or written; the message names the file and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** What a failed call of the file system means for the store: `what` is `<file> cannot be …`. A `StoreError` stays what it is. */
export function storeError(what: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const mending = mendings[code] ?? 'mend that, and start the host again';
  return new StoreError(`${what}: ${message}; ${mending}: what was acknowledged is kept`, { cause: error });
}

const full = 'free space there, and start the host again';
const locked = 'make it writable, and start the host again';
const mendings: Readonly<Record<string, string>> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: locked,
  EACCES: locked,
  EPERM: locked,
};
