import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { QueueServiceClient } from '@azure/storage-queue';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, AzuriteError, startAzurite } from '../../local/azurite.ts';

let folder: string;
/** Beside the installed packages, so that it finds them. */
const program = resolve(import.meta.dirname, `../../node_modules/.cache/perennial/azurite-parent-${process.pid}.mjs`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'azurite-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await rm(program, { force: true });
});

describe('startAzurite', () => {
  it('answers on all three services and ends when it is stopped', async () => {
    const azurite = await startAzurite();
    const blobs = BlobServiceClient.fromConnectionString(azurite.connectionString);
    expect((await blobs.getContainerClient('one').create())._response.status).toBe(201);
    const queues = QueueServiceClient.fromConnectionString(azurite.connectionString);
    expect((await queues.createQueue('one'))._response.status).toBe(201);
    await table(azurite.connectionString).createTable();
    await azurite.stop();
    expect(await answers(azurite.urls.blob)).toBe(false);
  });

  it('keeps what was written in a directory', async () => {
    const directory = join(folder, 'kept');
    const first = await startAzurite({ directory });
    await table(first.connectionString).createTable();
    await table(first.connectionString).createEntity({ partitionKey: 'p', rowKey: 'r', word: 'kept' });
    await first.stop();
    const second = await startAzurite({ directory });
    const row = await table(second.connectionString).getEntity<{ word: string }>('p', 'r');
    await second.stop();
    expect(row.word).toBe('kept');
  });

  it('keeps what it acknowledged when it is killed with -9, if it is durable', async () => {
    const directory = join(folder, 'durable');
    const first = await startAzurite({ directory, durable: true });
    const blob = (of: Azurite) =>
      BlobServiceClient.fromConnectionString(of.connectionString).getContainerClient('kept').getAppendBlobClient('b');
    await BlobServiceClient.fromConnectionString(first.connectionString).createContainer('kept');
    await blob(first).create();
    await table(first.connectionString).createTable();
    await Promise.all(
      ['a', 'b', 'c'].map((rowKey) => table(first.connectionString).createEntity({ partitionKey: 'p', rowKey })),
    );
    await blob(first).appendBlock('one\n', 4);
    await blob(first).appendBlock('two\n', 4);
    process.kill(first.pid, 'SIGKILL');
    await first.stop();
    const second = await startAzurite({ directory, durable: true });
    const found: (string | undefined)[] = [];
    for await (const { rowKey } of table(second.connectionString).listEntities()) found.push(rowKey);
    expect(found).toEqual(['a', 'b', 'c']);
    expect((await blob(second).downloadToBuffer()).toString()).toBe('one\ntwo\n');
    await blob(second).appendBlock('three\n', 6, { conditions: { appendPosition: 8 } });
    expect((await blob(second).downloadToBuffer()).toString()).toBe('one\ntwo\nthree\n');
    await second.stop();
  });

  it('names a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const start = startAzurite({ ports: { queue: port } });
    await expect(start).rejects.toThrow(
      new AzuriteError(`azurite: start failed: port ${port} is taken by another program`),
    );
    other.close();
  });

  it('ends when its parent is killed', async () => {
    const parent = spawn(process.execPath, [await parentProgram()], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const url = said.toString().trim();
    expect(await answers(url)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => answers(url), { timeout: 10_000, interval: 50 }).toBe(false);
  });
});

function table(connectionString: string): TableClient {
  return TableClient.fromConnectionString(connectionString, 'words', { allowInsecureConnection: true });
}

function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

/** A program that starts Azurite, says its table URL and waits to be killed. */
async function parentProgram(): Promise<string> {
  const from = resolve(import.meta.dirname, '../../local/azurite.ts');
  const bundle = await rolldown({
    platform: 'node',
    input: 'entry',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? id : null),
        load: (id) =>
          id === 'entry'
            ? `import { startAzurite } from ${JSON.stringify(from)};
               const azurite = await startAzurite();
               console.log(azurite.urls.table);`
            : null,
      },
    ],
  });
  await bundle.write({ file: program, format: 'esm' });
  await bundle.close();
  return program;
}
