import { odata } from '@azure/data-tables';
import { issuanceShape, keyOf, pack, revocationShape, unpack } from './entity.ts';
import { type Key, openTable } from './open-table.ts';
import type { Issuance, IssuanceStore, Revocation, RevocationStore } from './port.ts';
import type { Tables } from './tables.ts';

/** Issuances in a table of their own: partition = key, inserted once, never replaced. */
export function createTableIssuances(tables: Tables): IssuanceStore {
  const issuances = openTable(tables, 'issuances');
  const keyFor = (key: string): Key => ({ partition: keyOf(key), row: 'issuance' });
  const get: IssuanceStore['get'] = async (key) => {
    const entity = await issuances.get(keyFor(key));
    return entity && unpack(issuanceShape, entity);
  };
  return {
    get,
    async putIfAbsent(issuance) {
      const inserted = await issuances.insertIfAbsent(keyFor(issuance.key), pack(issuance));
      // Nothing deletes issuances, so that one that was in the way is still there to be read.
      return (inserted ? undefined : await get(issuance.key)) ?? issuance;
    },
    async forPublicKey(spkiSha256) {
      const prefix = keyOf(spkiSha256);
      // A range of partitions, which a table finds without looking at all of them: `.` comes after `-`.
      const range = odata`PartitionKey ge ${`${prefix}-`} and PartitionKey lt ${`${prefix}.`}`;
      const found: Issuance[] = [];
      for await (const entity of issuances.list(range)) found.push(unpack(issuanceShape, entity));
      return found;
    },
  };
}

/** Revocations in a table of their own: partition = authority, row = serial number, inserted once, never replaced. */
export function createTableRevocations(tables: Tables): RevocationStore {
  const revocations = openTable(tables, 'revocations');
  const keyFor = ({ authority, serial }: Revocation): Key => ({ partition: keyOf(authority), row: keyOf(serial) });
  return {
    async putIfAbsent(revocation) {
      const key = keyFor(revocation);
      if (await revocations.insertIfAbsent(key, pack(revocation))) return revocation;
      const there = await revocations.get(key);
      return there === undefined ? revocation : unpack(revocationShape, there);
    },
    async list(authority) {
      const found: Revocation[] = [];
      for await (const entity of revocations.list(odata`PartitionKey eq ${keyOf(authority)}`)) {
        found.push(unpack(revocationShape, entity));
      }
      return found;
    },
  };
}
