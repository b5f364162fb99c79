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
