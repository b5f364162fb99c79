/** The store cannot be opened or written; the message names the file and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
