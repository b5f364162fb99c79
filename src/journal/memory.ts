import type { Journal, JournalRecord } from './port.ts';
import { linkRecord } from './record.ts';

/** A journal that is gone with the process: for tests. */
export function createMemoryJournal(): Journal {
  /** By renewal, then by key, in the order in which they were appended. */
  const chains = new Map<string, { readonly records: Map<string, JournalRecord>; last: JournalRecord | undefined }>();
  return {
    async append(renewalId, entry) {
      const chain = chains.get(renewalId) ?? { records: new Map<string, JournalRecord>(), last: undefined };
      chains.set(renewalId, chain);
      const same = chain.records.get(entry.key);
      if (same !== undefined) return same;
      const record = linkRecord(renewalId, entry, chain.last);
      chain.records.set(entry.key, record);
      chain.last = record;
      return record;
    },
    async read(renewalId) {
      return [...(chains.get(renewalId)?.records.values() ?? [])];
    },
  };
}
