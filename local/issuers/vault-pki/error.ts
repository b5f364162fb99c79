/** Why there is no data. */
export class VaultPkiError extends Error {
  override readonly name = 'VaultPkiError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
