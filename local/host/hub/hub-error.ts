/** The task hub was asked for something it cannot do. */
export class HubError extends Error {
  override readonly name = 'HubError';
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
