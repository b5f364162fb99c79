import type { Arm, ArmCondition } from '../../src/azure/arm.ts';
import { RenewalError } from '../../src/errors.ts';

const ZONE_RESOURCE =
  '/subscriptions/5e55107a-7000-4000-8000-000000000001/resourceGroups/dns/providers/Microsoft.Network/dnsZones';

interface RecordSet {
  readonly etag: string;
  readonly properties: { readonly TXTRecords?: readonly { readonly value: readonly string[] }[] };
}

/** A DNS zone of Azure in memory, as far as TXT records go. */
export interface MemoryZone {
  readonly id: string;
  readonly arm: Arm;
  /** What a resolver would answer. */
  readonly txt: (name: string) => Promise<readonly string[]>;
  /** Names of the record sets that there are. */
  readonly names: () => readonly string[];
}

export function createMemoryZone(zone: string): MemoryZone {
  const id = `${ZONE_RESOURCE}/${zone}`;
  const sets = new Map<string, RecordSet>();
  let writes = 0;
  const check = (key: string, when: ArmCondition | undefined): void => {
    const etag = sets.get(key)?.etag;
    const isMet = when === undefined || ('ifMatch' in when ? when.ifMatch === etag : etag === undefined);
    if (!isMet) throw new RenewalError('arm-conflict', 'arm: PUT failed: 412');
  };
  const never = async (): Promise<never> => {
    throw new TypeError('not expected');
  };
  const arm: Arm = {
    get: async (key) => sets.get(key.toLowerCase()),
    async put(key, body, when) {
      check(key.toLowerCase(), when);
      const { properties } = body as Pick<RecordSet, 'properties'>;
      sets.set(key.toLowerCase(), { etag: `etag-${++writes}`, properties });
      return { state: 'done', body: undefined };
    },
    async remove(key, when) {
      check(key.toLowerCase(), when);
      sets.delete(key.toLowerCase());
    },
    patch: never,
    post: never,
    operation: never,
    async *list() {},
  };
  const keyOf = (name: string): string => `${id}/TXT/${name.slice(0, -zone.length - 1)}`.toLowerCase();
  return {
    id,
    arm,
    names: () => [...sets.keys()].map((key) => key.slice(key.lastIndexOf('/') + 1)),
    async txt(name) {
      const records = sets.get(keyOf(name))?.properties.TXTRecords ?? [];
      return records.map(({ value }) => value.join(''));
    },
  };
}
