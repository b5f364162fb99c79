import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../local/azurite.ts';
import { lineOf } from '../../src/journal/record.ts';
import { createBlobJournal } from '../../src/journal/store.ts';
import { entry, journalSuite } from './journal-suite.ts';

let azurite: Azurite;
let container: ContainerClient;
beforeAll(async () => {
  azurite = await startAzurite();
  container = BlobServiceClient.fromConnectionString(azurite.connectionString).getContainerClient('journal');
});
afterAll(() => azurite.stop());

// A journal of its own for each call, as if every append came from another process.
journalSuite('append blobs', () => createBlobJournal({ container }));

describe('createBlobJournal', () => {
  it('writes one line of JSON a record', async () => {
    const record = await createBlobJournal({ container }).append('lines-AAAA', entry('inspect'));
    const text = await container.getAppendBlobClient('lines-AAAA.jsonl').downloadToBuffer();
    expect(text.toString()).toBe(lineOf(record));
  });

  it('goes on with a blob that was created before a crash', async () => {
    await container.getAppendBlobClient('crashed-AAAA.jsonl').create();
    const record = await createBlobJournal({ container }).append('crashed-AAAA', entry('inspect'));
    expect(await createBlobJournal({ container }).read('crashed-AAAA')).toEqual([record]);
  });

  it('refuses to read or to go on with a chain that somebody appended to', async () => {
    const journal = createBlobJournal({ container });
    await journal.append('forged-AAAA', entry('inspect'));
    await container.getAppendBlobClient('forged-AAAA.jsonl').appendBlock('{}\n', 3);
    const corrupt = { code: 'journal-corrupt', retry: false };
    await expect(journal.read('forged-AAAA')).rejects.toMatchObject(corrupt);
    await expect(journal.append('forged-AAAA', entry('decide'))).rejects.toMatchObject(corrupt);
  });

  it('reads a chain once, however often it appends to it', async () => {
    const { counted, reads } = countingReads(container);
    const journal = createBlobJournal({ container: counted });
    for (const key of ['inspect', 'request', 'submit', 'poll']) await journal.append('reads-AAAA', entry(key));
    expect(reads()).toBe(1);
    expect(await journal.read('reads-AAAA')).toHaveLength(4);
  });

  it('goes on behind what another process has appended meanwhile', async () => {
    const [one, other] = [createBlobJournal({ container }), createBlobJournal({ container })];
    await one.append('turns-AAAA', entry('inspect'));
    await other.append('turns-AAAA', entry('decide'));
    await one.append('turns-AAAA', entry('request'));
    const repeated = await other.append('turns-AAAA', entry('request', { serial: '02' }));
    expect(repeated).toMatchObject({ sequence: 2, facts: { serial: '01' } });
    expect((await one.read('turns-AAAA')).map(({ key }) => key)).toEqual(['inspect', 'decide', 'request']);
  });

  it('answers a repeat with the record that is there, from a process that wrote it', async () => {
    const journal = createBlobJournal({ container });
    const first = await journal.append('again-AAAA', entry('submit', { order: 'a' }));
    await journal.append('again-AAAA', entry('poll'));
    expect(await journal.append('again-AAAA', entry('submit', { order: 'b' }))).toEqual(first);
    expect(await journal.append('again-AAAA', entry('check'))).toMatchObject({ sequence: 2 });
  });

  it('begins a chain anew when its blob is gone', async () => {
    const journal = createBlobJournal({ container });
    await journal.append('gone-AAAA', entry('inspect'));
    await container.getAppendBlobClient('gone-AAAA.jsonl').delete();
    expect(await journal.append('gone-AAAA', entry('decide'))).toMatchObject({ sequence: 0 });
  });

  // A record is one block, and a block is appended whole or not at all: no crash leaves half a record. What is cut off or
  // changed came from somebody who may write blobs.
  it.each([0, 1])('reports a flipped byte of record %i with its position, to a reader and to a writer', async (at) => {
    const id = `flipped-${at}`;
    const blob = container.getAppendBlobClient(`${id}.jsonl`);
    for (const key of ['inspect', 'decide', 'request']) await createBlobJournal({ container }).append(id, entry(key));
    const lines = (await blob.downloadToBuffer()).toString().split('\n');
    const flipped = lines.map((line, index) => (index === at ? line.replace('"serial":"01"', '"serial":"11"') : line));
    const bytes = Buffer.from(flipped.join('\n'));
    await blob.delete();
    await blob.create();
    await blob.appendBlock(bytes, bytes.length);
    const corrupt = {
      code: 'journal-corrupt',
      retry: false,
      message: expect.stringContaining(`renewal=${id}: record ${at} has a wrong hash`),
    };
    await expect(createBlobJournal({ container }).read(id)).rejects.toMatchObject(corrupt);
    await expect(createBlobJournal({ container }).append(id, entry('submit'))).rejects.toMatchObject(corrupt);
    expect((await blob.downloadToBuffer()).equals(bytes)).toBe(true);
  });

  it('says storage-unreachable when nobody answers', async () => {
    const nobody = 'DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a';
    const options = { retryOptions: { maxTries: 1 } };
    const service = BlobServiceClient.fromConnectionString(nobody, options);
    const journal = createBlobJournal({ container: service.getContainerClient('journal') });
    await expect(journal.append('lost-AAAA', entry('inspect'))).rejects.toMatchObject({
      code: 'storage-unreachable',
      message: expect.stringContaining('journal: append: renewal=lost-AAAA, key=inspect failed: no answer'),
    });
  });

  it('takes only renewal ids for names', async () => {
    await expect(createBlobJournal({ container }).read('../estate')).rejects.toMatchObject({ code: 'bug' });
  });
});

/** The container, with a count of the blobs that were downloaded from it. */
function countingReads(container: ContainerClient): { counted: ContainerClient; reads: () => number } {
  let reads = 0;
  const counted = Object.create(container) as ContainerClient;
  counted.getAppendBlobClient = (name) => {
    const blob = container.getAppendBlobClient(name);
    const download = blob.download.bind(blob);
    blob.download = (...given) => {
      reads += 1;
      return download(...given);
    };
    return blob;
  };
  return { counted, reads: () => reads };
}
