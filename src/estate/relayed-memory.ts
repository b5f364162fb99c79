import { RenewalError } from '../errors.ts';
import type { Versioned } from './port.ts';
import type { RelayedOrder, RelayStore } from './relayed-order.ts';

/** Relayed orders that are gone with the process: for tests. */
export function createMemoryRelay(): RelayStore {
  const orders = new Map<string, Versioned<RelayedOrder>>();
  const placed = new Map<string, string>();
  let writes = 0;
  const write = (row: RelayedOrder): Versioned<RelayedOrder> => {
    writes += 1;
    const versioned = { row, etag: `"${writes}"` };
    orders.set(row.reference, versioned);
    return versioned;
  };
  return {
    async place(order, keySha256) {
      const key = JSON.stringify([order.issuer, order.renewalId, keySha256]);
      const reference = placed.get(key) ?? order.reference;
      placed.set(key, reference);
      return orders.get(reference) ?? write({ ...order, reference });
    },
    find: async (reference) => orders.get(reference),
    async save(order, etag) {
      if (orders.get(order.reference)?.etag === etag) return write(order).etag;
      throw new RenewalError('storage-conflict', 'estate: save failed: a relayed order');
    },
    async *waiting(since, issuer) {
      const waits = ({ row }: Versioned<RelayedOrder>) =>
        row.state === 'waiting' &&
        row.createdAt.slice(0, 7) >= since.toISOString().slice(0, 7) &&
        (issuer === undefined || row.issuer === issuer);
      yield* [...orders.values()].filter(waits);
    },
  };
}
