import type { TableClient } from '@azure/data-tables';
import { storageError, storageStatus } from '../azure/storage-error.ts';
import { RenewalError } from '../errors.ts';
import type { Properties } from './entity.ts';

export interface Key {
  readonly partition: string;
  readonly row: string;
}

export type Entity = Properties & { readonly etag: string };

/** One table, created at the first use if it is missing. Throws `RenewalError` with a `storage-*` code. */
export interface OpenTable {
  get(key: Key): Promise<Entity | undefined>;
  list(filter?: string): AsyncIterable<Entity>;
  /** Throws `storage-conflict` when the row is there already. Answers with the new ETag. */
  insert(key: Key, properties: Properties): Promise<string>;
  /** False when the row was there already; it is then left as it is. */
  insertIfAbsent(key: Key, properties: Properties): Promise<boolean>;
  /** Replaces exactly the row that was read with `etag`; throws `storage-conflict` when it is another one by now. */
  replace(key: Key, properties: Properties, etag: string): Promise<string>;
  upsert(key: Key, properties: Properties): Promise<void>;
}

export function openTable(tables: (name: string) => TableClient, name: string): OpenTable {
  const client = tables(name);
  const ready = once(() => client.createTable());
  /** Runs one call; a status that `expected` answers for is an end of its own, all others are thrown. */
  const call = async <T>(action: string, work: () => Promise<T>, expected: Record<number, T> = {}): Promise<T> => {
    try {
      await ready();
      return await work();
    } catch (error) {
      const status = storageStatus(error) ?? 0;
      if (status in expected) return expected[status] as T;
      throw storageError(`estate: ${action}: table=${name}`, error);
    }
  };
  const at = ({ partition, row }: Key): string => `partition=${partition}, row=${row}`;
  const insert = (key: Key, properties: Properties) => client.createEntity(entityOf(key, properties));
  return {
    get: (key) =>
      call<Entity | undefined>(
        `read ${at(key)}`,
        async () => withEtag(await client.getEntity<Record<string, unknown>>(key.partition, key.row)),
        { 404: undefined },
      ),
    async *list(filter) {
      const pages = client.listEntities(filter === undefined ? {} : { queryOptions: { filter } }).byPage();
      for (;;) {
        const page = await call('list', () => pages.next());
        if (page.done === true) return;
        yield* page.value.map(withEtag);
      }
    },
    insert: (key, properties) => call(`insert ${at(key)}`, async () => present((await insert(key, properties)).etag)),
    insertIfAbsent: (key, properties) =>
      call(`insert ${at(key)}`, () => insert(key, properties).then(() => true), { 409: false }),
    replace: (key, properties, etag) =>
      call(`replace ${at(key)}`, async () => {
        const entity = entityOf(key, properties);
        return present((await client.updateEntity(entity, 'Replace', { etag }).catch(goneIsConflict)).etag);
      }),
    upsert: (key, properties) =>
      call(`write ${at(key)}`, async () => {
        await client.upsertEntity(entityOf(key, properties), 'Replace');
      }),
  };
}

/** A row that was read and is gone now was changed by another writer as well. */
function goneIsConflict(error: unknown): never {
  if (storageStatus(error) !== 404) throw error;
  throw new RenewalError('storage-conflict', 'estate: replace failed: the row is gone');
}

function entityOf({ partition, row }: Key, properties: Properties) {
  return { ...properties, partitionKey: partition, rowKey: row };
}

function withEtag(entity: Readonly<Record<string, unknown>>): Entity {
  return { ...entity, etag: present(entity.etag) };
}

function present(etag: unknown): string {
  if (typeof etag === 'string') return etag;
  throw new RenewalError('bug', 'estate: a table answered without an ETag');
}

/** The same promise for every caller; a failure is forgotten, so that the next caller tries again. */
function once(work: () => Promise<unknown>): () => Promise<unknown> {
  let running: Promise<unknown> | undefined;
  return () => {
    running ??= work().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
}
