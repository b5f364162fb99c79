/** A start of the host that cannot go on, or a setting that must be mended by a person. The message names the file, function or setting. */
export class HostError extends Error {
  override readonly name = 'HostError';
}

/** What a thrown value says, whatever it is. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
