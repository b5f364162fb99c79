import { buffer } from 'node:stream/consumers';
import type { AppendBlobClient, ContainerClient } from '@azure/storage-blob';
import { storageError, storageStatus } from '../azure/storage-error.ts';
import { RenewalError } from '../errors.ts';
import type { Journal, JournalEntry, JournalRecord } from './port.ts';
import { lineOf, linkRecord, readChain } from './record.ts';
import { createTurns } from './turns.ts';

/** How often an append is tried again because another writer was faster. */
const conflictsBorne = 20;

/**
 * The journal in append blobs: `<renewalId>.jsonl`, one block a record. Every append is conditional on the length that
 * was read, so that two writers can neither interleave nor fork a chain, and a repeat after a lost answer finds its own
 * record. Only create and append are used: a container under an immutability policy with protected appends allows both.
 */
export function createBlobJournal({ container }: { readonly container: ContainerClient }): Journal {
  // The targets of a wave report at once: within one process they queue up instead of racing for the blob.
  const inTurn = createTurns();
  let created: Promise<unknown> | undefined;
  const ready = (): Promise<unknown> => {
    created ??= container.createIfNotExists().catch((error: unknown) => {
      created = undefined;
      throw error;
    });
    return created;
  };
  const blobOf = (renewalId: string): AppendBlobClient => {
    if (!/^[A-Za-z0-9_-]{1,100}$/.test(renewalId)) throw new RenewalError('bug', 'journal: not a renewal id');
    return container.getAppendBlobClient(`${renewalId}.jsonl`);
  };
  return {
    append: (renewalId, entry) =>
      guarded(`journal: append: renewal=${renewalId}, key=${entry.key}`, async () => {
        const blob = blobOf(renewalId);
        await ready();
        return inTurn(renewalId, () => appendEntry(blob, renewalId, entry));
      }),
    read: (renewalId) =>
      guarded(`journal: read: renewal=${renewalId}`, async () => {
        const blob = blobOf(renewalId);
        return readChain(renewalId, (await download(blob))?.toString('utf8') ?? '');
      }),
  };
}

async function guarded<T>(action: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageError(action, error);
  }
}

async function appendEntry(blob: AppendBlobClient, renewalId: string, entry: JournalEntry): Promise<JournalRecord> {
  for (let conflicts = 0; ; conflicts++) {
    try {
      return await appendOnce(blob, renewalId, entry);
    } catch (error) {
      const status = storageStatus(error);
      // The writer that was faster has moved the chain on, so that reading again is enough: somebody always gets ahead.
      if ((status !== 409 && status !== 412) || conflicts === conflictsBorne) throw error;
    }
  }
}

async function appendOnce(blob: AppendBlobClient, renewalId: string, entry: JournalEntry): Promise<JournalRecord> {
  const bytes = await download(blob);
  const chain = readChain(renewalId, bytes?.toString('utf8') ?? '');
  const same = chain.find((record) => record.key === entry.key);
  if (same !== undefined) return same;
  if (bytes === undefined) await createBlob(blob);
  const record = linkRecord(renewalId, entry, chain.at(-1));
  const line = Buffer.from(lineOf(record));
  await blob.appendBlock(line, line.length, { conditions: { appendPosition: bytes?.length ?? 0 } });
  return record;
}

function createBlob(blob: AppendBlobClient): Promise<unknown> {
  const blobHTTPHeaders = { blobContentType: 'application/jsonl' };
  return blob.create({ conditions: { ifNoneMatch: '*' }, blobHTTPHeaders });
}

async function download(blob: AppendBlobClient): Promise<Buffer | undefined> {
  try {
    const { readableStreamBody } = await blob.download();
    return readableStreamBody === undefined ? Buffer.alloc(0) : await buffer(readableStreamBody);
  } catch (error) {
    if (storageStatus(error) === 404) return undefined;
    throw error;
  }
}
