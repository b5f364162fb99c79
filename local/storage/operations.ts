import type { EmulatorRequest } from '../emulator.ts';

/** An operation of the Blob or Table service, and what its documentation demands of the caller. */
export interface StorageOperation {
  /** As the documentation names it. */
  readonly name: string;
  /** Ways to be allowed, the narrowest first: all actions of one way are needed. */
  readonly ways: readonly (readonly string[])[];
  /** The operation's own page. All are listed, with their actions, under `permissionsPage`. */
  readonly source: string;
}

/** Where the actions of all operations are documented: "Permissions for calling data operations". */
export const permissionsPage =
  'https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory';

const ACCOUNT = 'Microsoft.Storage/storageAccounts';
const CONTAINERS = `${ACCOUNT}/blobServices/containers`;
const BLOBS = `${CONTAINERS}/blobs`;
const TABLES = `${ACCOUNT}/tableServices/tables`;
const ENTITIES = `${TABLES}/entities`;

/** The operations that the front knows, a line each. Docs: permissionsPage, and the page that the last word names. */
export const operations = {
  listContainers: operation('List Containers', [[`${CONTAINERS}/read`]], 'list-containers2'),
  createContainer: operation('Create Container', [[`${CONTAINERS}/write`]], 'create-container'),
  containerProperties: operation('Get Container Properties', [[`${CONTAINERS}/read`]], 'get-container-properties'),
  deleteContainer: operation('Delete Container', [[`${CONTAINERS}/delete`]], 'delete-container'),
  listBlobs: operation('List Blobs', [[`${BLOBS}/read`]], 'list-blobs'),
  getBlob: operation('Get Blob', [[`${BLOBS}/read`]], 'get-blob'),
  blobProperties: operation('Get Blob Properties', [[`${BLOBS}/read`]], 'get-blob-properties'),
  putNewBlob: operation('Put Blob (new)', [[`${BLOBS}/add/action`], [`${BLOBS}/write`]], 'put-blob'),
  putBlob: operation('Put Blob (create or replace)', [[`${BLOBS}/write`]], 'put-blob'),
  appendBlock: operation('Append Block', [[`${BLOBS}/add/action`], [`${BLOBS}/write`]], 'append-block'),
  deleteBlob: operation('Delete Blob', [[`${BLOBS}/delete`]], 'delete-blob'),
  queryTables: operation('Query Tables', [[`${TABLES}/read`]], 'query-tables'),
  createTable: operation('Create Table', [[`${TABLES}/write`]], 'create-table'),
  deleteTable: operation('Delete Table', [[`${TABLES}/delete`]], 'delete-table'),
  queryEntities: operation('Query Entities', [[`${ENTITIES}/read`]], 'query-entities'),
  insertEntity: operation('Insert Entity', [[`${ENTITIES}/add/action`], [`${ENTITIES}/write`]], 'insert-entity'),
  updateEntity: operation('Update Entity', [[`${ENTITIES}/update/action`], [`${ENTITIES}/write`]], 'update-entity2'),
  mergeEntity: operation('Merge Entity', [[`${ENTITIES}/update/action`], [`${ENTITIES}/write`]], 'merge-entity'),
  insertOrReplace: operation('Insert Or Replace Entity', upsert(), 'insert-or-replace-entity'),
  insertOrMerge: operation('Insert Or Merge Entity', upsert(), 'insert-or-merge-entity'),
  deleteEntity: operation('Delete Entity', [[`${ENTITIES}/delete`]], 'delete-entity1'),
} as const satisfies Record<string, StorageOperation>;

function operation(name: string, ways: StorageOperation['ways'], page: string): StorageOperation {
  return { name, ways, source: `https://learn.microsoft.com/rest/api/storageservices/${page}` };
}

function upsert(): StorageOperation['ways'] {
  return [[`${ENTITIES}/add/action`, `${ENTITIES}/update/action`], [`${ENTITIES}/write`]];
}

/** What a request asks for, and at which resource: a path below the account's ARM id. */
export interface Asked {
  readonly operation: StorageOperation;
  readonly scope: string;
}

/** The operation that a request of the Blob service is; `undefined` when it is none that the front knows. */
export function blobOperation({ method, url, headers }: EmulatorRequest): Asked | undefined {
  const [, , container = '', ...blob] = url.pathname.split('/');
  const comp = url.searchParams.get('comp');
  const scope = `blobServices/default/containers/${container}`;
  const at = (found: StorageOperation | undefined): Asked | undefined => found && { operation: found, scope };
  if (headers['x-ms-copy-source'] !== undefined) return undefined;
  if (container === '') {
    const isList = method === 'GET' && comp === 'list';
    return isList ? { operation: operations.listContainers, scope: 'blobServices/default' } : undefined;
  }
  if (url.searchParams.get('restype') === 'container') return at(ofContainer(method, comp));
  if (blob.length === 0) return undefined;
  if (comp === 'appendblock' && method === 'PUT') return at(operations.appendBlock);
  return comp === null ? at(ofBlob(method, headers)) : undefined;
}

function ofContainer(method: string, comp: string | null): StorageOperation | undefined {
  if (comp === 'list') return method === 'GET' ? operations.listBlobs : undefined;
  if (comp !== null) return undefined;
  if (method === 'PUT') return operations.createContainer;
  if (method === 'DELETE') return operations.deleteContainer;
  return method === 'GET' || method === 'HEAD' ? operations.containerProperties : undefined;
}

function ofBlob(method: string, headers: EmulatorRequest['headers']): StorageOperation | undefined {
  if (method === 'GET') return operations.getBlob;
  if (method === 'HEAD') return operations.blobProperties;
  if (method === 'DELETE') return operations.deleteBlob;
  if (method !== 'PUT') return undefined;
  return headers['if-none-match'] === '*' ? operations.putNewBlob : operations.putBlob;
}

/** The operation that a request of the Table service is; `undefined` when it is none that the front knows. */
export function tableOperation(request: EmulatorRequest): Asked | undefined {
  const { method, url, headers } = request;
  const [, , part = '', ...deeper] = url.pathname.split('/');
  const place = decodeURIComponent(part);
  if (url.searchParams.has('comp') || place === '' || place.startsWith('$') || deeper.length > 0) return undefined;
  const [, name = '', key] = /^(\w+)(?:\((.*)\))?$/s.exec(place) ?? [];
  const at = (table: string, found: StorageOperation | undefined): Asked | undefined =>
    found && { operation: found, scope: `tableServices/default/tables/${table}` };
  if (name !== 'Tables') return at(name, ofEntities(method, key, headers));
  if (method === 'POST') return at(tableNamed(request.body), operations.createTable);
  if (method === 'DELETE') return at((key ?? '').replaceAll("'", ''), operations.deleteTable);
  return method === 'GET' ? { operation: operations.queryTables, scope: 'tableServices/default' } : undefined;
}

function ofEntities(
  method: string,
  key: string | undefined,
  headers: EmulatorRequest['headers'],
): StorageOperation | undefined {
  const isKnown = headers['if-match'] !== undefined;
  if (method === 'GET') return operations.queryEntities;
  if (method === 'POST') return key === undefined ? operations.insertEntity : undefined;
  if (key === undefined || key === '') return undefined;
  if (method === 'PUT') return isKnown ? operations.updateEntity : operations.insertOrReplace;
  if (method === 'PATCH' || method === 'MERGE') return isKnown ? operations.mergeEntity : operations.insertOrMerge;
  return method === 'DELETE' ? operations.deleteEntity : undefined;
}

function tableNamed(body: Uint8Array): string {
  return /"TableName"\s*:\s*"(\w+)"/.exec(new TextDecoder().decode(body))?.[1] ?? '';
}
