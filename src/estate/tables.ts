import { createHash } from 'node:crypto';
import { odata, type TableClient } from '@azure/data-tables';
import type { z } from 'zod';
import { createRecent, type Recent } from '../recent.ts';
import type { AppRowStore } from './app-rows.ts';
import { answerShape, appShapes, certificateShape, keyOf, orderShape, pack, targetShape, unpack } from './entity.ts';
import { newestOrder } from './newest-order.ts';
import { type Entity, type Key, type OpenTable, openTable } from './open-table.ts';
import type { AnswerStore, CertificateRow, EstateStore, OrderRow, Versioned } from './port.ts';

/** Gives the client of a table by its name. */
export type Tables = (name: string) => TableClient;

/** Orders with the partition each is in, by renewal id. A pointer never changes, so that it is read once a process. */
interface Orders {
  readonly table: OpenTable;
  readonly partitions: Recent<string>;
}

/** Pointers remembered at a time, of about 200 bytes each. */
const pointersRemembered = 5000;

/** A row without the property is not among them: tables compare nothing with it. */
const OPEN = "state eq 'renewing' or queuedAt gt ''";

/**
 * The estate in Table storage:
 *
 * | table          | partition    | row                  | holds                                      |
 * |----------------|--------------|----------------------|--------------------------------------------|
 * | `certificates` | vault        | lower-case name      | `CertificateRow`                           |
 * | `targets`      | certificate  | hash of the target id| `TargetRow`                                |
 * | `orders`       | vault\|name  | renewal id           | `OrderRow`                                 |
 * | `orders`       | `renewal:`id | `at`                 | where the order of that renewal is         |
 */
export function createTableEstate(tables: Tables): EstateStore {
  const certificates = openTable(tables, 'certificates');
  const orders: Orders = {
    table: openTable(tables, 'orders'),
    partitions: createRecent(pointersRemembered),
  };
  const targets = openTable(tables, 'targets');
  return {
    async certificate(vault, name) {
      const entity = await certificates.get(certificateKey(vault, name));
      return entity && versioned(entity);
    },
    saveCertificate(row, etag) {
      const key = certificateKey(row.vault, row.name);
      return etag === undefined ? certificates.insert(key, pack(row)) : certificates.replace(key, pack(row), etag);
    },
    async *certificates(which) {
      for await (const entity of certificates.list(which === 'open' ? OPEN : undefined)) yield versioned(entity);
    },
    order: (renewalId) => findOrder(orders, renewalId),
    orderForCsr: (vault, name, csrSha256) => orderForCsr(orders.table, orderPartition(vault, name), csrSha256),
    orders: (vault, name) => rows(orders.table, orderShape, odata`PartitionKey eq ${orderPartition(vault, name)}`),
    saveOrder: (row, etag) => saveOrder(orders, row, etag),
    saveTarget: (row) => targets.upsert({ partition: keyOf(row.certificate), row: sha256(row.targetId) }, pack(row)),
    targets: async (certificate) => rows(targets, targetShape, odata`PartitionKey eq ${keyOf(certificate)}`),
  };
}

/** Rows about the app itself: table `app`, partition = kind, row = key. */
export function createTableAppRows(tables: Tables): AppRowStore {
  const app = openTable(tables, 'app');
  const at = (kind: string, key: string): Key => ({ partition: kind, row: keyOf(key.toLowerCase()) });
  return {
    async get(kind, key) {
      const entity = await app.get(at(kind, key));
      return entity && { row: unpack(appShapes[kind], entity), etag: entity.etag };
    },
    save: (kind, key, row, etag) =>
      etag === undefined ? app.insert(at(kind, key), pack(row)) : app.replace(at(kind, key), pack(row), etag),
  };
}

/** Answers in a table of their own: partition = key. */
export function createTableAnswers(tables: Tables): AnswerStore {
  const answers = openTable(tables, 'answers');
  const keyFor = (key: string): Key => ({ partition: keyOf(key), row: 'answer' });
  return {
    async get(key) {
      const entity = await answers.get(keyFor(key));
      return entity && { row: unpack(answerShape, entity), etag: entity.etag };
    },
    save: (row, etag) =>
      etag === undefined
        ? answers.insert(keyFor(row.key), pack(row))
        : answers.replace(keyFor(row.key), pack(row), etag),
  };
}

function certificateKey(vault: string, name: string): Key {
  return { partition: keyOf(vault.toLowerCase()), row: keyOf(name.toLowerCase()) };
}

function versioned(entity: Entity): Versioned<CertificateRow> {
  return { row: unpack(certificateShape, entity), etag: entity.etag };
}

function orderPartition(vault: string, name: string): string {
  return keyOf(`${vault}|${name}`.toLowerCase());
}

/** The pointer is written before the order: one that leads nowhere reads as "no order", and the repeat mends it. */
async function saveOrder({ table, partitions }: Orders, row: OrderRow, etag?: string): Promise<string> {
  const partition = orderPartition(row.vault, row.name);
  const key = { partition, row: keyOf(row.renewalId) };
  if (etag !== undefined) return table.replace(key, pack(row), etag);
  await table.upsert(pointerKey(row.renewalId), { schema: 1, partition });
  partitions.set(row.renewalId, partition);
  return table.insert(key, pack(row));
}

async function findOrder(orders: Orders, renewalId: string): Promise<Versioned<OrderRow> | undefined> {
  const partition = await partitionOf(orders, renewalId);
  if (partition === undefined) return undefined;
  const entity = await orders.table.get({ partition, row: keyOf(renewalId) });
  return entity && { row: unpack(orderShape, entity), etag: entity.etag };
}

async function partitionOf({ table, partitions }: Orders, renewalId: string): Promise<string | undefined> {
  const known = partitions.get(renewalId);
  if (known !== undefined) return known;
  const pointer = await table.get(pointerKey(renewalId));
  if (typeof pointer?.partition !== 'string') return undefined;
  partitions.set(renewalId, pointer.partition);
  return pointer.partition;
}

function pointerKey(renewalId: string): Key {
  return { partition: keyOf(`renewal:${renewalId}`), row: 'at' };
}

/** One partition holds all orders of a certificate, one for each renewal: few enough to read. */
async function orderForCsr(orders: OpenTable, partition: string, csrSha256: string): Promise<OrderRow | undefined> {
  const found = await rows(orders, orderShape, odata`PartitionKey eq ${partition} and csrSha256 eq ${csrSha256}`);
  return newestOrder(found);
}

async function rows<T>(table: OpenTable, shape: z.ZodType<T>, filter: string): Promise<T[]> {
  const found: T[] = [];
  for await (const entity of table.list(filter)) found.push(unpack(shape, entity));
  return found;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
