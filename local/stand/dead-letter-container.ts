import type { WriteDeadLetter } from '../events/dead-letters.ts';

/** Where Event Grid of the stand puts what it could not deliver. */
export const deadLetterContainer = 'dead-letters';

/** Writes dead letters as blobs. Client and container come with the first one: most runs have none. */
export function deadLettersIn(storage: () => Promise<string>): WriteDeadLetter {
  return async (blobName, body) => {
    const { ContainerClient } = await import('@azure/storage-blob');
    const container = new ContainerClient(await storage(), deadLetterContainer);
    await container.createIfNotExists();
    await container.getBlockBlobClient(blobName).upload(body, Buffer.byteLength(body), {
      blobHTTPHeaders: { blobContentType: 'application/json' },
    });
  };
}
