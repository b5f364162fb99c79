import { buffer } from 'node:stream/consumers';
import type { TokenCredential } from '@azure/identity';
import { ContainerClient, type StoragePipelineOptions } from '@azure/storage-blob';
import { noRedirects } from '../azure/no-redirects.ts';
import { storageError, storageStatus } from '../azure/storage-error.ts';

export interface PublishedCrl {
  readonly der: Uint8Array;
  readonly etag: string;
}

/** Where CRLs are published: a blob container, which is there already. Throws `RenewalError` with a `storage-*` code. */
export interface CrlContainer {
  /** Azure: Get Blob. */
  read(name: string): Promise<PublishedCrl | undefined>;
  /** Azure: Put Blob. A new blob (no `etag`), or exactly the one that was read; `false` when another writer came first. */
  write(name: string, der: Uint8Array, etag?: string): Promise<boolean>;
}

export interface CrlContainerOptions {
  /** https URL. */
  readonly url: string;
  readonly credential: TokenCredential;
  /** Whom to trust besides the usual authorities, as PEM: a test has a CA of its own. */
  readonly tls?: { readonly ca: string };
}

const ATTEMPT_MILLISECONDS = 30_000;

/** A CDN or a proxy may keep a CRL for this long: what is revoked has to be told soon. */
const CACHE_SECONDS = 300;

export function createCrlContainer({ url, credential, tls }: CrlContainerOptions): CrlContainer {
  // The client hands on to its pipeline what its own type does not know.
  const options: StoragePipelineOptions & object = {
    ...noRedirects,
    retryOptions: { tryTimeoutInMs: ATTEMPT_MILLISECONDS },
    ...(tls && { tlsOptions: tls }),
  };
  const container = new ContainerClient(url, credential, options);
  const blobHTTPHeaders = { blobContentType: 'application/pkix-crl', blobCacheControl: `max-age=${CACHE_SECONDS}` };
  return {
    async read(name) {
      try {
        const { readableStreamBody, etag } = await container.getBlobClient(name).download();
        if (readableStreamBody === undefined || etag === undefined) return undefined;
        return { der: new Uint8Array(await buffer(readableStreamBody)), etag };
      } catch (error) {
        if (storageStatus(error) === 404) return undefined;
        throw storageError(`crl: read: name=${name}`, error);
      }
    },
    async write(name, der, etag) {
      const conditions = etag === undefined ? { ifNoneMatch: '*' } : { ifMatch: etag };
      try {
        await container.getBlockBlobClient(name).upload(Buffer.from(der), der.length, { conditions, blobHTTPHeaders });
        return true;
      } catch (error) {
        const status = storageStatus(error);
        // 409: the blob is there already; 412: it is another one by now. Where the container is missing it is 404.
        if (status === 409 || status === 412) return false;
        throw storageError(`crl: write: name=${name}`, error);
      }
    },
  };
}
