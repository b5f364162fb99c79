import { describe, expect, it } from 'vitest';
import type { EmulatorRequest } from '../../../../local/emulator.ts';
import { type Asked, blobOperation, tableOperation } from '../../../../local/storage/operations.ts';

/** `PUT /c/b?comp=appendblock`, below the account. */
function request(line: string, headers: Record<string, string> = {}, body = ''): EmulatorRequest {
  const [method = '', path = ''] = line.split(' ');
  return { method, url: new URL(`https://localhost/acc${path}`), headers, body: Buffer.from(body) };
}

const told = (asked: Asked | undefined): string | undefined => asked && `${asked.operation.name} @ ${asked.scope}`;

const ifNew = { 'if-none-match': '*' };
const container = 'blobServices/default/containers/c';

describe('requests of the Blob service', () => {
  it.each([
    ['GET /?comp=list', {}, 'List Containers @ blobServices/default'],
    ['PUT /c?restype=container', {}, `Create Container @ ${container}`],
    ['HEAD /c?restype=container', {}, `Get Container Properties @ ${container}`],
    ['DELETE /c?restype=container', {}, `Delete Container @ ${container}`],
    ['GET /c?restype=container&comp=list', {}, `List Blobs @ ${container}`],
    ['GET /c/a/b', {}, `Get Blob @ ${container}`],
    ['HEAD /c/b', {}, `Get Blob Properties @ ${container}`],
    ['PUT /c/b', ifNew, `Put Blob (new) @ ${container}`],
    ['PUT /c/b', {}, `Put Blob (create or replace) @ ${container}`],
    ['PUT /c/b?comp=appendblock', {}, `Append Block @ ${container}`],
    ['DELETE /c/b', {}, `Delete Blob @ ${container}`],
  ])('%s %o is %s', (line, headers, operation) => {
    expect(told(blobOperation(request(line, headers)))).toBe(operation);
  });

  it.each([
    ['PUT /c/b?comp=block', {}],
    ['PUT /c/b?comp=lease', {}],
    ['PUT /c?restype=container&comp=acl', {}],
    ['PUT /c/b', { 'x-ms-copy-source': 'https://elsewhere' }],
    ['POST /c/b', {}],
    ['PUT /c', {}],
    ['GET /?comp=properties&restype=service', {}],
  ])('%s %o is none that the front lets through', (line, headers) => {
    expect(blobOperation(request(line, headers))).toBeUndefined();
  });
});

const table = 'tableServices/default/tables/words';
const row = "/words(PartitionKey='p',RowKey='r')";
const ifMatch = { 'if-match': '"1"' };

describe('requests of the Table service', () => {
  it.each([
    ['GET /Tables', {}, 'Query Tables @ tableServices/default'],
    ["DELETE /Tables('words')", {}, `Delete Table @ ${table}`],
    ['GET /words()', {}, `Query Entities @ ${table}`],
    [`GET ${row}`, {}, `Query Entities @ ${table}`],
    ['POST /words', {}, `Insert Entity @ ${table}`],
    [`PUT ${row}`, ifMatch, `Update Entity @ ${table}`],
    [`PUT ${row}`, {}, `Insert Or Replace Entity @ ${table}`],
    [`PATCH ${row}`, ifMatch, `Merge Entity @ ${table}`],
    [`PATCH ${row}`, {}, `Insert Or Merge Entity @ ${table}`],
    [`DELETE ${row}`, ifMatch, `Delete Entity @ ${table}`],
    [encodeURI(`DELETE ${row}`).replace('%20', ' '), ifMatch, `Delete Entity @ ${table}`],
  ])('%s %o is %s', (line, headers, operation) => {
    expect(told(tableOperation(request(line, headers)))).toBe(operation);
  });

  it('name the table that is made in the body', () => {
    const create = request('POST /Tables', {}, '{"TableName":"words"}');
    expect(told(tableOperation(create))).toBe(`Create Table @ ${table}`);
  });

  it.each(['POST /$batch', 'PUT /words?comp=acl', 'GET /?comp=properties&restype=service', 'PUT /words', 'GET /a/b()'])(
    '%s is none that the front lets through',
    (line) => {
      expect(tableOperation(request(line))).toBeUndefined();
    },
  );
});
