import type { CrlContainer, PublishedCrl } from '../../src/issuers/crl-container.ts';

/** A container of CRLs in memory, with what was written to it. */
export interface MemoryCrls extends CrlContainer {
  readonly blobs: Map<string, PublishedCrl>;
  readonly writes: string[];
  /** Runs before the next write: another writer, or a fault. */
  beforeWrite: () => Promise<void>;
}

export function createMemoryCrls(): MemoryCrls {
  const blobs = new Map<string, PublishedCrl>();
  const writes: string[] = [];
  let etags = 0;
  const container: MemoryCrls = {
    ...{ blobs, writes },
    beforeWrite: async () => undefined,
    read: async (name) => blobs.get(name),
    async write(name, der, etag) {
      const before = container.beforeWrite;
      container.beforeWrite = async () => undefined;
      await before();
      if (blobs.get(name)?.etag !== etag) return false;
      etags += 1;
      blobs.set(name, { der, etag: `"${etags}"` });
      writes.push(name);
      return true;
    },
  };
  return container;
}
