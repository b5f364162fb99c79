import type { Journal, JournalRecord } from './port.ts';
import { linkRecord } from './record.ts';

/** A journal that is gone with the process: for tests. */
export function createMemoryJournal(): Journal {
  const chains = new Map<string, JournalRecord[]>();
  return {
    async append(renewalId, entry) {
      const chain = chains.get(renewalId) ?? [];
      chains.set(renewalId, chain);
      const same = chain.find((record) => record.key === entry.key);
      if (same !== undefined) return same;
      const record = linkRecord(renewalId, entry, chain.at(-1));
      chain.push(record);
      return record;
    },
    async read(renewalId) {
      return [...(chains.get(renewalId) ?? [])];
    },
  };
}
