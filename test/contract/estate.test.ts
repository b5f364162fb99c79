import { RestError } from '@azure/core-rest-pipeline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../local/azurite.ts';
import { createTableIssuances, createTableRevocations } from '../../src/estate/issued-tables.ts';
import { createTableRelay } from '../../src/estate/relayed-table.ts';
import { createStorage, type Storage } from '../../src/estate/storage.ts';
import { createTableAnswers, createTableAppRows, createTableEstate } from '../../src/estate/tables.ts';
import { appRowSuite, certificateRow, estateSuite, orderRow } from './estate-suite.ts';
import { answerSuite, issuanceSuite, relayedOrder, relaySuite, revocationSuite } from './issuer-store-suite.ts';

let azurite: Azurite;
let storage: Storage;
beforeAll(async () => {
  azurite = await startAzurite();
  storage = createStorage({ connectionString: azurite.connectionString });
});
afterAll(() => azurite.stop());

estateSuite('tables', () => createTableEstate(storage.tables));
appRowSuite('tables', () => createTableAppRows(storage.tables));
issuanceSuite('tables', () => createTableIssuances(storage.tables));
relaySuite('tables', () => createTableRelay(storage.tables));
answerSuite('tables', () => createTableAnswers(storage.tables));
revocationSuite('tables', () => createTableRevocations(storage.tables));

describe('createTableEstate', () => {
  it('writes the vault and the lower-case name as keys, and the schema into every row', async () => {
    await createTableEstate(storage.tables).saveCertificate(certificateRow('keys', { vault: 'KV-Keys' }));
    const row = await storage.tables('certificates').getEntity('kv-keys', 'keys');
    expect(row).toMatchObject({ schema: 1, vault: 'KV-Keys', name: 'keys', attempt: 0 });
  });

  it('finds the order that another process has written, and the one that it wrote itself', async () => {
    const [one, other] = [createTableEstate(storage.tables), createTableEstate(storage.tables)];
    expect(await other.order('found-AAAA')).toBeUndefined();
    await one.saveOrder(orderRow('found-AAAA'));
    for (const store of [one, other]) {
      expect(await store.order('found-AAAA')).toMatchObject({ row: { renewalId: 'found-AAAA' } });
    }
  });

  it('tries to create its tables again when that failed', async () => {
    let calls = 0;
    const estate = createTableEstate((name) => {
      const table = storage.tables(name);
      const create = table.createTable.bind(table);
      table.createTable = async () => {
        calls += 1;
        if (calls === 1) throw new RestError('busy', { statusCode: 503, code: 'ServerBusy' });
        return create();
      };
      return table;
    });
    await expect(estate.certificate('kv-main', 'first')).rejects.toMatchObject({ code: 'storage-unreachable' });
    expect(await estate.certificate('kv-main', 'first')).toBeUndefined();
    expect(await estate.certificate('kv-main', 'first')).toBeUndefined();
    expect(calls).toBe(2);
  });
});

describe('createTableRelay', () => {
  it('takes back a mark that a crash has left behind', async () => {
    const relay = createTableRelay(storage.tables);
    const { row } = await relay.place(relayedOrder('left', { issuer: 'crashed' }), 'aa');
    const table = storage.tables('relayed');
    // The order has ended, and nobody came to the mark.
    await table.updateEntity({ partitionKey: 'order:left', rowKey: 'order', state: 'closed' }, 'Merge');
    const listed = async () => {
      const found = [];
      for await (const one of relay.waiting(new Date(row.createdAt), 'crashed')) found.push(one);
      return found;
    };
    expect(await listed()).toEqual([]);
    expect(await table.getEntity('placed:2026-03', 'left')).toMatchObject({ waits: false });
  });
});

describe('createStorage', () => {
  it('reaches blobs of the same account', async () => {
    await storage.blobs('plans').create();
    expect(await storage.blobs('plans').exists()).toBe(true);
  });

  it('sends a credential only over TLS', async () => {
    const credential = { getToken: async () => ({ token: 'secret', expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const { urls } = azurite;
    const plain = createStorage({ tableEndpoint: urls.table, blobEndpoint: urls.blob, credential });
    const read = createTableEstate(plain.tables).certificate('kv-main', 'www');
    await expect(read).rejects.toMatchObject({
      code: 'storage-unreachable',
      message: expect.not.stringContaining('secret'),
    });
  });
});
