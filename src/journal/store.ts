import { buffer } from 'node:stream/consumers';
import type { AppendBlobClient, ContainerClient } from '@azure/storage-blob';
import { storageError, storageStatus } from '../azure/storage-error.ts';
import { RenewalError } from '../errors.ts';
import { createRecent, type Recent } from '../recent.ts';
import type { Journal, JournalEntry, JournalRecord } from './port.ts';
import { lineOf, linkRecord, readChain } from './record.ts';
import { createTurns } from './turns.ts';

/** How often an append is tried again because another writer was faster. */
const conflictsBorne = 20;

/** Where a chain ends, as this process has last seen it: enough to append to it without reading it again. */
interface ChainEnd {
  readonly bytes: number;
  readonly last: JournalRecord | undefined;
  readonly keys: Set<string>;
}

/** Ends remembered at a time, of about 2 kB each: more renewals than that are hardly under way in one process. */
const endsRemembered = 2000;

/**
 * The journal in append blobs: `<renewalId>.jsonl`, one block a record. Every append is conditional on the length that
 * was last seen, so that two writers can neither interleave nor fork a chain, and a repeat after a lost answer finds its
 * own record. A chain is read, and proven, at its first append in a process, and again whenever it is not as it was left.
 * Only create and append are used: a container under an immutability policy with protected appends allows both.
 */
export function createBlobJournal({ container }: { readonly container: ContainerClient }): Journal {
  // The targets of a wave report at once: within one process they queue up instead of racing for the blob.
  const inTurn = createTurns();
  const ends = createRecent<ChainEnd>(endsRemembered);
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
        return inTurn(renewalId, () => appendEntry({ blob, renewalId, ends }, entry));
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

interface Chain {
  readonly blob: AppendBlobClient;
  readonly renewalId: string;
  readonly ends: Recent<ChainEnd>;
}

async function appendEntry(chain: Chain, entry: JournalEntry): Promise<JournalRecord> {
  for (let conflicts = 0; ; conflicts++) {
    const known = chain.ends.get(chain.renewalId);
    try {
      return await appendOnce(chain, entry, known);
    } catch (error) {
      // Whatever went wrong: what is known of the chain may not be so any more.
      chain.ends.forget(chain.renewalId);
      const status = storageStatus(error);
      const moved = status === 409 || status === 412 || (status === 404 && known !== undefined);
      // The writer that was faster has moved the chain on, so that reading again is enough: somebody always gets ahead.
      if (!moved || conflicts === conflictsBorne) throw error;
    }
  }
}

async function appendOnce(chain: Chain, entry: JournalEntry, known: ChainEnd | undefined): Promise<JournalRecord> {
  const { blob, renewalId, ends } = chain;
  if (known !== undefined && !known.keys.has(entry.key)) return await appendAt(chain, entry, known);
  const bytes = await download(blob);
  const records = readChain(renewalId, bytes?.toString('utf8') ?? '');
  const end = { bytes: bytes?.length ?? 0, last: records.at(-1), keys: new Set(records.map(({ key }) => key)) };
  const same = records.find((record) => record.key === entry.key);
  if (same !== undefined) {
    ends.set(renewalId, end);
    return same;
  }
  if (bytes === undefined) await createBlob(blob);
  return await appendAt(chain, entry, end);
}

async function appendAt({ blob, renewalId, ends }: Chain, entry: JournalEntry, end: ChainEnd): Promise<JournalRecord> {
  const record = linkRecord(renewalId, entry, end.last);
  const line = Buffer.from(lineOf(record));
  await blob.appendBlock(line, line.length, { conditions: { appendPosition: end.bytes } });
  // The set goes on with the chain: whoever appends to it does so in turn, and a copy for each record would be the square.
  ends.set(renewalId, { bytes: end.bytes + line.length, last: record, keys: end.keys.add(entry.key) });
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
