import { odata } from '@azure/data-tables';
import { RenewalError } from '../errors.ts';
import { keyOf, pack } from './entity.ts';
import { type Entity, type Key, type OpenTable, openTable } from './open-table.ts';
import type { Versioned } from './port.ts';
import { type RelayedOrder, type RelayStore, readRelayedOrder } from './relayed-order.ts';
import type { Tables } from './tables.ts';

/**
 * Relayed orders in Table storage, table `relayed`:
 *
 * | partition                  | row             | holds                                                  |
 * |----------------------------|-----------------|--------------------------------------------------------|
 * | `order:`reference          | `order`         | `RelayedOrder`                                         |
 * | `renewal:`issuer\|renewal  | hash of the key | its reference, written once                            |
 * | `placed:`year-month        | reference       | whether it waits: what is listed, month by month       |
 *
 * The mark that it waits is written before the order, and taken back after its end. One that was left by a crash in
 * between is found and taken back when somebody asks what waits.
 */
export function createTableRelay(tables: Tables): RelayStore {
  const table = openTable(tables, 'relayed');
  const find: RelayStore['find'] = async (reference) => {
    const entity = await table.get(orderKey(reference));
    return entity && { row: readRelayedOrder(entity), etag: entity.etag };
  };
  return {
    find,
    place: (order, keySha256) => place(table, { order, keySha256, find }),
    async save(order, etag) {
      const saved = await table.replace(orderKey(order.reference), pack(order), etag);
      if (order.state !== 'waiting') await mark(table, order);
      return saved;
    },
    async *waiting(since, issuer) {
      for await (const entity of table.list(filterOf(since, issuer))) {
        const found = await find(referenceOf(entity));
        if (found?.row.state === 'waiting') yield found;
        else if (found !== undefined) await mark(table, found.row);
      }
    },
  };
}

async function place(
  table: OpenTable,
  wish: { readonly order: RelayedOrder; readonly keySha256: string; readonly find: RelayStore['find'] },
): Promise<Versioned<RelayedOrder>> {
  const { issuer, renewalId, reference: fresh } = wish.order;
  const at = { partition: keyOf(`renewal:${issuer}|${renewalId}`), row: keyOf(wish.keySha256) };
  const inserted = await table.insertIfAbsent(at, { schema: 1, reference: fresh });
  const pointer = inserted ? undefined : await table.get(at);
  const reference = pointer === undefined ? fresh : referenceOf(pointer);
  const there = await wish.find(reference);
  if (there !== undefined) return there;
  const order = { ...wish.order, reference };
  await mark(table, order);
  await table.insertIfAbsent(orderKey(reference), pack(order));
  const placed = await wish.find(reference);
  if (placed === undefined) throw new RenewalError('storage-conflict', 'estate: a relayed order is gone again');
  return placed;
}

/** Writes down whether an order waits. */
function mark(table: OpenTable, { reference, issuer, createdAt, state }: RelayedOrder): Promise<void> {
  const key = { partition: keyOf(`placed:${monthOf(createdAt)}`), row: keyOf(reference) };
  return table.upsert(key, { schema: 1, reference, issuer, waits: state === 'waiting' });
}

function orderKey(reference: string): Key {
  return { partition: keyOf(`order:${reference}`), row: 'order' };
}

const monthOf = (moment: string): string => moment.slice(0, 'yyyy-mm'.length);

/** `;` is the character after `:`. */
function filterOf(since: Date, issuer: string | undefined): string {
  const from = `placed:${monthOf(since.toISOString())}`;
  const waits = odata`PartitionKey ge ${from} and PartitionKey lt ${'placed;'} and waits eq ${true}`;
  return issuer === undefined ? waits : `${waits} and ${odata`issuer eq ${issuer}`}`;
}

function referenceOf(entity: Entity): string {
  if (typeof entity.reference === 'string') return entity.reference;
  throw new RenewalError('bug', 'estate: a mark of a relayed order names none');
}
