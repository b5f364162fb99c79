import { z } from 'zod';
import type { Arm, ArmWrite } from '../azure/arm.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import { createRecent, type Recent } from '../recent.ts';
import type { FollowCnames } from './acme-cname.ts';

/** Proofs of control over names, as TXT records of Azure DNS zones (RFC 8555 8.4). */
export interface DnsProofs {
  /**
   * Publishes a value beside those that are there. `ready` when it has been there for as long as servers need to see it;
   * else how long to wait. `told`: it was, and `rememberTold` has heard of it.
   */
  publish(name: string, value: string): Promise<Published>;
  /** Remembers beside the value that the CA was told to look for it, so that it is not told again and looks twice. */
  rememberTold(name: string, value: string): Promise<void>;
  /** Takes the value away; that it is not there is fine. */
  withdraw(name: string, value: string): Promise<void>;
}

export type Published =
  | { readonly state: 'ready' | 'told' }
  | { readonly state: 'waiting'; readonly retryAfterSeconds: number };

export interface DnsProofsOptions {
  readonly arm: Arm;
  readonly clock: Clock;
  /** ARM ids of Microsoft.Network/dnsZones. */
  readonly zones: readonly string[];
  /** Where the records of a name are to be; absent: under the name itself. */
  readonly follow?: FollowCnames | undefined;
  /** How long a record needs until every server of its zone answers with it. */
  readonly waitSeconds: number;
}

const TTL_SECONDS = 60;
/** Azure DNS holds no more records in a set. Which of them is needed by others is not ours to guess. */
const MOST_VALUES = 20;
/** When our newest value was written: the record set itself remembers, whatever becomes of the app. */
const WRITTEN_AT = 'perennialWrittenAt';
/** When a CA was told last, and the beginnings of the values that it was told of: `2026-03-01T12:00:00.000Z aB3_x… …`. */
const TOLD = 'perennialTold';
const MARK_CHARACTERS = 12;
/** Metadata is short; a CA that is told twice counts a failure twice, which is no harm to a name that proves well. */
const MOST_MARKS = 10;
/** A CA that has not looked for so long has forgotten it. */
const TOLD_MILLISECONDS = 600_000;

const recordSet = z.looseObject({
  etag: z.string(),
  properties: z.looseObject({
    TXTRecords: z.array(z.looseObject({ value: z.array(z.string()) })).default([]),
    metadata: z.record(z.string(), z.string()).default({}),
  }),
});
type RecordSet = z.output<typeof recordSet>;

/**
 * Each change is conditional: two renewals may prove a name and its wildcard at the same time. Most names have no record set
 * yet, and the first value is written without a look at that; the set that this makes is taken away by the etag that it got.
 */
export function createDnsProofs(options: DnsProofsOptions): DnsProofs {
  const { arm, clock } = options;
  const written: Written = createRecent<string>(REMEMBERED);
  const placeOf = async (name: string): Promise<string> =>
    recordId((await options.follow?.(name)) ?? name, options.zones);
  return {
    async publish(name, value) {
      const id = await placeOf(name);
      const key = keyOf(id, value);
      if (written.get(key) === undefined) {
        const etag = await make(options, id, value);
        written.set(key, etag ?? NOT_ALONE);
        if (etag !== undefined) return justWritten(options);
      }
      return publishBeside(options, id, value);
    },
    async rememberTold(name, value) {
      const id = await placeOf(name);
      const found = await read(arm, id);
      if (found === undefined || !valuesOf(found).includes(value)) return;
      const now = clock.now();
      const marks = [...marksOf(found, now), markOf(value)].slice(-MOST_MARKS);
      const metadata = { ...found.properties.metadata, [TOLD]: [now.toISOString(), ...marks].join(' ') };
      written.set(keyOf(id, value), NOT_ALONE);
      await write(arm, id, { found, values: valuesOf(found), metadata });
    },
    async withdraw(name, value) {
      const id = await placeOf(name);
      const etag = written.get(keyOf(id, value)) ?? NOT_ALONE;
      written.forget(keyOf(id, value));
      if (etag !== NOT_ALONE && (await isUnchanged(() => arm.remove(id, { ifMatch: etag })))) return;
      const found = await read(arm, id);
      if (found === undefined || !valuesOf(found).includes(value)) return;
      const values = valuesOf(found).filter((one) => one !== value);
      if (values.length === 0) await arm.remove(id, { ifMatch: found.etag });
      else await write(arm, id, { found, values, metadata: found.properties.metadata });
    },
  };
}

/** Of values that this process has published: the etag of the set that was made for it alone, or `NOT_ALONE`. */
type Written = Recent<string>;

const REMEMBERED = 1000;
const NOT_ALONE = '';

const keyOf = (id: string, value: string): string => `${id} ${value}`;

function justWritten({ waitSeconds }: DnsProofsOptions): Published {
  return waitSeconds === 0 ? { state: 'ready' } : { state: 'waiting', retryAfterSeconds: waitSeconds };
}

/** The etag of the record set that was made for this value; `undefined` when there is one already. */
async function make({ arm, clock }: DnsProofsOptions, id: string, value: string): Promise<string | undefined> {
  let etag: string | undefined;
  const metadata = { [WRITTEN_AT]: clock.now().toISOString() };
  const isMade = await isUnchanged(async () => {
    const answer = await write(arm, id, { found: undefined, values: [value], metadata });
    // What cannot be read is looked at again when it is taken away.
    etag = (answer.state === 'done' ? recordSet.safeParse(answer.body).data?.etag : undefined) ?? NOT_ALONE;
  });
  return isMade ? etag : undefined;
}

/** False when somebody was there first: the condition of a change did not hold (412). */
async function isUnchanged(change: () => Promise<void>): Promise<boolean> {
  try {
    await change();
    return true;
  } catch (error) {
    if (error instanceof RenewalError && error.code === 'arm-conflict') return false;
    throw error;
  }
}

async function publishBeside(options: DnsProofsOptions, id: string, value: string): Promise<Published> {
  const { arm, clock, waitSeconds } = options;
  const found = await read(arm, id);
  const now = clock.now();
  if (found === undefined || !valuesOf(found).includes(value)) {
    const values = [...(found === undefined ? [] : valuesOf(found)), value];
    if (values.length > MOST_VALUES) throw full(id);
    await write(arm, id, { found, values, metadata: { [WRITTEN_AT]: now.toISOString() } });
    return justWritten(options);
  }
  const writtenAt = Date.parse(found.properties.metadata[WRITTEN_AT] ?? '');
  const left = Math.ceil((writtenAt + waitSeconds * 1000 - now.getTime()) / 1000);
  if (left > 0) return { state: 'waiting', retryAfterSeconds: Math.min(left, waitSeconds) };
  return { state: marksOf(found, now).includes(markOf(value)) ? 'told' : 'ready' };
}

function full(id: string): RenewalError {
  const problem = `holds ${MOST_VALUES} records, and no more fit: remove those that nobody needs`;
  return new RenewalError('issuer-misconfigured', `acme: ${id} ${problem}`);
}

async function read(arm: Arm, id: string): Promise<RecordSet | undefined> {
  const body = await arm.get(id);
  if (body === undefined) return undefined;
  const set = recordSet.safeParse(body);
  if (set.success) return set.data;
  throw new RenewalError('arm-unreachable', `acme: not a TXT record set: ${id}`);
}

interface Change {
  readonly found: RecordSet | undefined;
  readonly values: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

async function write(arm: Arm, id: string, { found, values, metadata }: Change): Promise<ArmWrite> {
  const TXTRecords = values.map((value) => ({ value: [value] }));
  const body = { properties: { ...found?.properties, TTL: TTL_SECONDS, metadata, TXTRecords } };
  return arm.put(id, body, found === undefined ? { ifNoneMatch: '*' } : { ifMatch: found.etag });
}

function marksOf({ properties }: RecordSet, now: Date): readonly string[] {
  const [at = '', ...marks] = (properties.metadata[TOLD] ?? '').split(' ');
  return Date.parse(at) + TOLD_MILLISECONDS > now.getTime() ? marks : [];
}

function markOf(value: string): string {
  return value.slice(0, MARK_CHARACTERS);
}

/** One string of a record may be in pieces of 255 bytes. */
function valuesOf({ properties }: RecordSet): readonly string[] {
  return properties.TXTRecords.map(({ value }) => value.join(''));
}

/** The record set of a name in the zone that fits best. */
function recordId(name: string, zones: readonly string[]): string {
  const fitting = zones
    .map((id) => ({ id, zone: zoneName(id) }))
    .filter(({ zone }) => name.endsWith(`.${zone}`))
    .sort((one, other) => other.zone.length - one.zone.length)[0];
  if (fitting === undefined) {
    const known = zones.map(zoneName).join(', ');
    throw new RenewalError('issuer-misconfigured', `acme: ${name} is in none of the issuer's DNS zones: ${known}`);
  }
  return `${fitting.id}/TXT/${name.slice(0, -fitting.zone.length - 1)}`;
}

function zoneName(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1).toLowerCase();
}
