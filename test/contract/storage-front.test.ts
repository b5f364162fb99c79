import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../local/clock.ts';
import { type EmulatorRequest, jsonBody } from '../../local/emulator.ts';
import { createIdentity } from '../../local/identity/identity.ts';
import { createStorageFront } from '../../local/storage/front.ts';
import { operations, permissionsPage } from '../../local/storage/operations.ts';
import { createTableIssuances, createTableRevocations } from '../../src/estate/issued-tables.ts';
import { createStorage } from '../../src/estate/storage.ts';
import { createTableAppRows, createTableEstate } from '../../src/estate/tables.ts';
import { createBlobJournal } from '../../src/journal/store.ts';
import { type EmulatedStorage, startEmulatedStorage } from './emulated-storage.ts';
import { appRowSuite, certificateRow, estateSuite } from './estate-suite.ts';
import { issuanceSuite, revocationSuite } from './issuer-store-suite.ts';
import { entry, journalSuite } from './journal-suite.ts';

const ACCOUNT = 'Microsoft.Storage/storageAccounts';
const ENTITIES = `${ACCOUNT}/tableServices/tables/entities`;
const BLOBS = `${ACCOUNT}/blobServices/containers/blobs`;
const estateKeeper = [
  `${ACCOUNT}/tableServices/tables/write`,
  `${ENTITIES}/read`,
  `${ENTITIES}/add/action`,
  `${ENTITIES}/update/action`,
];
const journalWriter = [`${ACCOUNT}/blobServices/containers/write`, `${BLOBS}/read`, `${BLOBS}/add/action`];

let storage: EmulatedStorage;
beforeAll(async () => {
  storage = await startEmulatedStorage();
});
afterAll(() => storage.close());

const tables = () => storage.as(...estateKeeper).tables;
const container = () => storage.as(...journalWriter).blobs('journal');

estateSuite('tables by identity', () => createTableEstate(tables()));
appRowSuite('tables by identity', () => createTableAppRows(tables()));
issuanceSuite('tables by identity', () => createTableIssuances(tables()));
revocationSuite('tables by identity', () => createTableRevocations(tables()));
revocationSuite('tables by identity', () => createTableRevocations(tables()));
journalSuite('append blobs by identity', () => createBlobJournal({ container: container() }));

describe('a right that is missing', () => {
  it.each(estateKeeper)('of the estate keeper stops its calls: %s', async (missing) => {
    const estate = createTableEstate(storage.as(...estateKeeper.filter((action) => action !== missing)).tables);
    const name = missing.replaceAll(/\W/g, '-');
    const work = async (): Promise<void> => {
      const etag = await estate.saveCertificate(certificateRow(name));
      await estate.saveCertificate(certificateRow(name, { attempt: 1 }), etag);
      await estate.certificate('kv-main', name);
    };
    await expect(work()).rejects.toMatchObject({
      code: 'storage-unreachable',
      message: expect.stringContaining(' 403 '),
    });
  });

  it.each(journalWriter)('of the journal writer stops its calls: %s', async (missing) => {
    const blobs = storage.as(...journalWriter.filter((action) => action !== missing)).blobs('journal');
    const journal = createBlobJournal({ container: blobs });
    const append = journal.append(missing.replaceAll(/\W/g, '-'), entry('inspect'));
    await expect(append).rejects.toMatchObject({
      code: 'storage-unreachable',
      message: expect.stringContaining('403 AuthorizationPermissionMismatch'),
    });
  });

  it('is not made good by the same right elsewhere', async () => {
    const { identity, urls, tls } = storage;
    const credential = storage.credential([]);
    const principal = identity.authenticate(
      `Bearer ${(await credential.getToken([]))?.token}`,
      'https://storage.azure.com',
    );
    identity.assign(principal?.id ?? '', { actions: journalWriter, scope: '/subscriptions/s/resourceGroups/other' });
    const blobs = createStorage({ tableEndpoint: urls.table, blobEndpoint: urls.blob, credential, tls }).blobs;
    await expect(createBlobJournal({ container: blobs('journal') }).read('x')).rejects.toMatchObject({
      message: expect.stringContaining('403'),
    });
  });
});

describe('a wider right', () => {
  it('does as well as the narrow one, which is asked for first', async () => {
    const wide = [`${ACCOUNT}/tableServices/tables/write`, `${ENTITIES}/read`, `${ENTITIES}/write`];
    const estate = createTableEstate(storage.as(...wide).tables);
    const etag = await estate.saveCertificate(certificateRow('wide'));
    await estate.saveCertificate(certificateRow('wide', { attempt: 1 }), etag);
    const last = storage.identity.demands.slice(-2).map(({ action, granted }) => [action, granted]);
    expect(last).toEqual([
      [`${ENTITIES}/update/action`, false],
      [`${ENTITIES}/write`, true],
    ]);
  });

  it('is needed to put a blob that may be there already', async () => {
    const blob = container().getAppendBlobClient('unconditional');
    await expect(blob.create()).rejects.toMatchObject({ statusCode: 403 });
    await blob.create({ conditions: { ifNoneMatch: '*' } });
    await expect(blob.create({ conditions: { ifNoneMatch: '*' } })).rejects.toMatchObject({
      statusCode: 409,
      code: 'BlobAlreadyExists',
    });
  });
});

describe('what is passed on', () => {
  it('keeps conditions and ETags', async () => {
    const client = tables()('conditions');
    await client.createTable();
    const { etag = '' } = await client.createEntity({ partitionKey: "p' é", rowKey: 'r', text: 'ü\n"' });
    const entity = { partitionKey: "p' é", rowKey: 'r', text: 'new' };
    await client.updateEntity(entity, 'Replace', { etag });
    await expect(client.updateEntity(entity, 'Replace', { etag })).rejects.toMatchObject({ statusCode: 412 });
    const found = [];
    for await (const row of client.listEntities({
      queryOptions: { filter: "text eq 'new' and PartitionKey eq 'p'' é'" },
    }))
      found.push(row.rowKey);
    expect(found).toEqual(['r']);
    const blob = container().getAppendBlobClient('a b/ü+%?.jsonl');
    await blob.create({ conditions: { ifNoneMatch: '*' }, metadata: { kind: 'test' } });
    await blob.appendBlock('first', 5, { conditions: { appendPosition: 0 } });
    await expect(blob.appendBlock('again', 5, { conditions: { appendPosition: 0 } })).rejects.toMatchObject({
      statusCode: 412,
      code: 'AppendPositionConditionNotMet',
    });
    expect((await blob.downloadToBuffer(1, 3)).toString()).toBe('irs');
    expect((await blob.getProperties()).metadata).toEqual({ kind: 'test' });
  });
});

describe('a caller without a good token', () => {
  const tenantId = '99999999-2222-3333-4444-555555555555';
  const identity = createIdentity({ tenantId, tokenLifeSeconds: 0 });
  const somebody = identity.addPrincipal({ name: 'somebody', clientId: 'c', objectId: 'o' });
  const front = (service: 'blob' | 'table') =>
    createStorageFront({
      ...{ service, account: { name: 'acc', key: '' }, resourceId: '/acc', access: identity, tenantId },
      behind: async () => 'http://127.0.0.1:9',
    });
  const request = (headers: Record<string, string>, query = ''): EmulatorRequest => ({
    ...{ method: 'GET', headers, body: Buffer.alloc(0) },
    url: new URL(`https://localhost/acc/words(PartitionKey='p',RowKey='r')${query}`),
  });

  it.each([
    ['nothing', {}, '', 401, 'NoAuthenticationInformation'],
    ['a forged token', { authorization: 'Bearer x.y.z' }, '', 401, 'InvalidAuthenticationInfo'],
    ['the key of the account', { authorization: 'SharedKey acc:eA==' }, '', 403, 'KeyBasedAuthenticationNotPermitted'],
    ['a signature in the address', {}, '?sig=x', 403, 'KeyBasedAuthenticationNotPermitted'],
  ])('is refused: %s', async (_what, headers, query, status, code) => {
    for (const service of ['blob', 'table'] as const) {
      const answer = await front(service).handle(request(headers, query));
      expect(answer.status).toBe(status);
      expect(answer.headers['x-ms-error-code']).toBe(code);
      expect(String(answer.body)).toContain(code);
    }
  });

  it('is told whom to ask', async () => {
    const { headers } = await front('table').handle(request({}));
    expect(headers['www-authenticate']).toBe(
      `Bearer authorization_uri=https://login.microsoftonline.com/${tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
    );
  });

  it.each([
    ['is over', 'https://storage.azure.com'],
    ['is for another audience', 'https://vault.azure.net'],
  ])('is refused when its token %s', async (_what, audience) => {
    const mint = audience.includes('vault') ? createIdentity({ tenantId, clock: systemClock }) : identity;
    mint.addPrincipal({ name: 'somebody', clientId: 'c', objectId: 'o' });
    const authorization = `Bearer ${mint.issueToken(somebody, audience)}`;
    const own = createStorageFront({
      ...{ service: 'table', account: { name: 'acc', key: '' }, resourceId: '/acc', access: mint, tenantId },
      behind: async () => 'http://127.0.0.1:9',
    });
    expect((await own.handle(request({ authorization }))).headers['x-ms-error-code']).toBe('InvalidAuthenticationInfo');
  });
});

describe('a storage behind that is gone', () => {
  it('is busy', async () => {
    const identity = createIdentity({ tenantId: 't' });
    const who = identity.addPrincipal({ name: 'who', clientId: 'c', objectId: 'o' });
    identity.assign('o', { actions: [`${ENTITIES}/read`], scope: '/acc' });
    const front = createStorageFront({
      ...{ service: 'table', account: { name: 'acc', key: '' }, resourceId: '/acc', access: identity, tenantId: 't' },
      behind: async () => 'http://127.0.0.1:1',
    });
    const answer = await front.handle({
      method: 'GET',
      url: new URL('https://localhost/acc/words()'),
      headers: { authorization: `Bearer ${identity.issueToken(who, 'https://storage.azure.com/')}` },
      body: Buffer.alloc(0),
    });
    expect(answer.status).toBe(503);
    expect(jsonBody({ ...answer, body: Buffer.from(String(answer.body)) } as never)).toMatchObject({
      'odata.error': { code: 'ServerBusy' },
    });
  });
});

describe('operations', () => {
  it('each name the page that documents them', () => {
    for (const { name, ways, source } of Object.values(operations)) {
      expect(source, name).toMatch(/^https:\/\/learn\.microsoft\.com\/rest\/api\/storageservices\/[a-z0-9-]+$/);
      expect(
        ways.flat().every((action) => action.startsWith(`${ACCOUNT}/`)),
        name,
      ).toBe(true);
    }
    expect(permissionsPage).toMatch(/authorize-with-azure-active-directory$/);
  });
});
