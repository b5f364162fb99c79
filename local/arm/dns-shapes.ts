import type { DnsZone, TextRecordSet } from './dns-zones.ts';
import { member } from './request.ts';

const MOST_RECORDS = 20;
const LONGEST_STRING = 255;
const MOST_CHARACTERS = 4096;
const LONGEST_LIFE_SECONDS = 2 ** 31 - 1;
/** Every zone has its SOA and its NS record set. */
const OWN_SETS = 2;

/** Microsoft.Network/dnsZones. Azure writes the type in lower case in ids and types. */
export function zoneShape(zone: DnsZone): object {
  return {
    id: idOf(zone),
    name: zone.name,
    type: 'Microsoft.Network/dnszones',
    etag: zone.etag,
    location: 'global',
    tags: {},
    properties: {
      maxNumberOfRecordSets: 10_000,
      maxNumberOfRecordsPerRecordSet: null,
      nameServers: [
        'ns1-01.azure-dns.com.',
        'ns2-01.azure-dns.net.',
        'ns3-01.azure-dns.org.',
        'ns4-01.azure-dns.info.',
      ],
      numberOfRecordSets: zone.sets().length + OWN_SETS,
      zoneType: 'Public',
    },
  };
}

export function recordSetShape(zone: DnsZone, { name, ttl, metadata, records, etag }: TextRecordSet): object {
  return {
    id: `${idOf(zone)}/TXT/${name}`,
    etag,
    name,
    type: 'Microsoft.Network/dnszones/TXT',
    properties: {
      ...(Object.keys(metadata).length > 0 && { metadata }),
      fqdn: name === '@' ? `${zone.name}.` : `${name}.${zone.name}.`,
      TTL: ttl,
      TXTRecords: records.map((value) => ({ value })),
      targetResource: {},
      provisioningState: 'Succeeded',
    },
  };
}

function idOf({ place, name }: DnsZone): string {
  const { subscription, resourceGroup } = place;
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}/providers/Microsoft.Network/dnszones/${name}`;
}

/** What was said to a body without TTL, and stands for every body of the wrong form. */
const INVALID = 'The request was invalid.';

/** The record set that is wanted, or what is wrong with it. */
export function readRecordSet(zone: DnsZone, name: string, body: unknown): Omit<TextRecordSet, 'etag'> | string {
  const properties = member(body, 'properties');
  const ttl = member(properties, 'TTL');
  const records = readRecords(member(properties, 'TXTRecords'));
  const metadata = readMetadata(member(properties, 'metadata'));
  if (!isLife(ttl) || records === undefined || metadata === undefined) return INVALID;
  if (!isRelativeName(name, zone.name)) return `The domain name '${name}.${zone.name}' is invalid.`;
  if (records.length > MOST_RECORDS) {
    return `The number of records in the record set exceeds the limit of ${MOST_RECORDS}.`;
  }
  const long = records.flat().find((text) => text.length > LONGEST_STRING);
  if (long !== undefined) return `The value '${long}' is longer than the ${LONGEST_STRING} characters of a string.`;
  if (records.flat().join('').length > MOST_CHARACTERS) {
    return `The combined length of all TXT records in a record set may not exceed ${MOST_CHARACTERS} characters.`;
  }
  return { name, ttl, metadata, records };
}

function isLife(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LONGEST_LIFE_SECONDS;
}

function readRecords(value: unknown): readonly (readonly string[])[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const records = value.map((record) => member(record, 'value'));
  const isTexts = (one: unknown): one is readonly string[] =>
    Array.isArray(one) && one.length > 0 && one.every((text) => typeof text === 'string');
  return records.every(isTexts) ? records : undefined;
}

function readMetadata(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  return entries.every(([, text]) => typeof text === 'string') ? Object.fromEntries(entries) : undefined;
}

/** Labels of letters, digits, hyphen and underscore, a wildcard in front, or the zone itself. */
function isRelativeName(name: string, zone: string): boolean {
  if (name === '@') return true;
  const labels = name.split('.');
  const isWhole = labels.every((label, index) => /^[\w-]{1,63}$/.test(label) || (index === 0 && label === '*'));
  return isWhole && `${name}.${zone}`.length <= 253;
}
