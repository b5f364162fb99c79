import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import { parseResourceId, type ResourceId, SeedError } from './resource-id.ts';

/** A TXT record set, as it was put. */
export interface TextRecordSet {
  /** Relative to the zone, as its first creator spelled it; `@` is the zone itself. */
  readonly name: string;
  readonly ttl: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** One entry a record, each of one string or several. */
  readonly records: readonly (readonly string[])[];
  readonly etag: string;
}

export interface DnsZone {
  /** ARM id, as it was seeded. */
  readonly resourceId: string;
  readonly place: ResourceId;
  readonly name: string;
  readonly etag: string;
  sets(): readonly TextRecordSet[];
  find(name: string): TextRecordSet | undefined;
  put(set: Omit<TextRecordSet, 'etag' | 'name'> & { readonly name: string }): TextRecordSet;
  remove(name: string): void;
}

export interface DnsZonesOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** ARM ids: `…/providers/Microsoft.Network/dnsZones/contoso.example`. */
  readonly zones: readonly string[];
  /** Until the name servers answer with what was written; 0 by default. */
  readonly propagationSeconds?: number;
  /** GUIDs of etags; absent: random. */
  readonly newEtag?: () => string;
}

export interface DnsZones {
  readonly zones: readonly DnsZone[];
  /** Case is ignored, as in every ARM id. */
  find(resourceId: string): DnsZone | undefined;
  /** What the name servers answer now: the strings of each TXT record put together. Nothing for a name in no zone. */
  txt(name: string): Promise<readonly string[]>;
}

/** Azure DNS: zones that are seeded, and TXT records in them. */
export function createDnsZones(options: DnsZonesOptions): DnsZones {
  const published = createPublished(options);
  const zones = options.zones.map((resourceId) => createZone(resourceId, published, options.newEtag ?? randomUUID));
  return {
    zones,
    find: (resourceId) => zones.find((zone) => zone.resourceId.toLowerCase() === resourceId.toLowerCase()),
    async txt(name) {
      const asked = name.toLowerCase().replace(/\.$/, '');
      // A zone that is delegated to another one knows nothing of what lies in it.
      const [zone] = zones
        .filter((one) => `.${asked}`.endsWith(`.${one.name}`))
        .sort((one, other) => other.name.length - one.name.length);
      return zone === undefined ? [] : published.read(zone.resourceId, asked);
    },
  };
}

function createZone(resourceId: string, published: Published, newEtag: () => string): DnsZone {
  const place = parseResourceId(resourceId);
  const name = place.names[0]?.toLowerCase();
  if (name === undefined) throw new SeedError(`not the ARM id of a DNS zone: ${resourceId}`);
  const sets = new Map<string, TextRecordSet>();
  const nameOf = (relative: string): string => (relative === '@' ? name : `${relative.toLowerCase()}.${name}`);
  return {
    ...{ resourceId, place, name, etag: newEtag() },
    sets: () => [...sets.values()],
    find: (relative) => sets.get(relative.toLowerCase()),
    put(wanted) {
      const key = wanted.name.toLowerCase();
      const set = { ...wanted, name: sets.get(key)?.name ?? wanted.name, etag: newEtag() };
      sets.set(key, set);
      const texts = set.records.map((strings) => strings.join(''));
      published.write(resourceId, nameOf(key), texts);
      return set;
    },
    remove(relative) {
      if (sets.delete(relative.toLowerCase())) published.write(resourceId, nameOf(relative), []);
    },
  };
}

/** What the name servers of a zone answer, which is what was written some time ago. */
interface Published {
  write(zone: string, name: string, texts: readonly string[]): void;
  read(zone: string, name: string): readonly string[];
}

interface PublishedVersion {
  readonly from: number;
  readonly texts: readonly string[];
}

function createPublished({ clock, propagationSeconds = 0 }: DnsZonesOptions): Published {
  const versions = new Map<string, readonly PublishedVersion[]>();
  /** What is answered now, and what will be; what no longer is has been forgotten. */
  const current = (key: string): readonly PublishedVersion[] => {
    const known = versions.get(key) ?? [];
    const now = clock.now().getTime();
    return known.slice(
      Math.max(
        0,
        known.findLastIndex(({ from }) => from <= now),
      ),
    );
  };
  return {
    write(zone, name, texts) {
      const from = clock.now().getTime() + propagationSeconds * 1000;
      versions.set(`${zone} ${name}`, [...current(`${zone} ${name}`), { from, texts }]);
    },
    read(zone, name) {
      const [first] = current(`${zone} ${name}`);
      return first !== undefined && first.from <= clock.now().getTime() ? first.texts : [];
    },
  };
}
