/** The body of a call as it arrives. */
export interface IncomingBody {
  /** Of the header; `null` when there is none. */
  readonly length: string | null;
  readonly stream: AsyncIterable<Uint8Array> | null;
}

/** Reads a body only as far as it is wanted; `undefined` when there is more. */
export async function readBytes({ length, stream }: IncomingBody, maximumBytes: number): Promise<Buffer | undefined> {
  if (length !== null && Number(length) > maximumBytes) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream ?? []) {
    size += chunk.length;
    if (size > maximumBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
