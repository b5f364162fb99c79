/** The task hub was asked for something it cannot do. */
export class HubError extends Error {
  override readonly name = 'HubError';
}
