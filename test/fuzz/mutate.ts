import { seededRandom } from '../../local/stand/random.ts';

/** What one input of a fuzz run is made with: the same seed, entry and index give the same input. */
export interface Chance {
  /** From 0 to `limit` - 1. */
  below(limit: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** True in `percent` of all cases. */
  happens(percent: number): boolean;
}

export function chanceOf(seed: number, entry: string, index: number): Chance {
  const random = seededRandom(mixed(seed, entry, index));
  const below = (limit: number): number => Math.floor(random() * limit);
  return {
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
    happens: (percent) => random() * 100 < percent,
  };
}

/** FNV-1a over the text, with murmur3's finalizer: neighbours in index must not be neighbours in what they draw. */
function mixed(seed: number, entry: string, index: number): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}|${entry}|${index}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Honest inputs, one of which is changed. */
export type Corpus = readonly [Uint8Array, ...Uint8Array[]];

type Change = (bytes: Buffer, chance: Chance, corpus: Corpus) => Buffer;

const MOST_CHANGES = 5;
/** Beyond every limit for one certificate, request or body; the limits for whole answers are met by `huge`. */
const LARGE_BYTES = 96 * 1024;

/** Few changes to one honest input: what is broken in many places is refused at the first, and shows little. */
export function mutated(chance: Chance, corpus: Corpus): Buffer {
  let bytes: Buffer = Buffer.from(chance.pick(corpus));
  const count = 1 + chance.below(MOST_CHANGES);
  for (let done = 0; done < count; done++) bytes = pickChange(chance)(bytes, chance, corpus);
  return bytes;
}

/** Growth is drawn seldom, because it is slow and shows the same thing each time. */
function pickChange(chance: Chance): Change {
  return chance.happens(1) ? chance.pick([grown, nested]) : chance.pick(changes);
}

function flipped(bytes: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length);
  if (bytes.length > 0) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << chance.below(8)), at);
  return bytes;
}

/** Octets that formats give a meaning to: ends of ranges, ASN.1 tags and lengths, quotes, line ends. */
const telling = [
  0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff, 0x02, 0x03, 0x04, 0x06, 0x0c, 0x1e, 0x30, 0x31, 0xa0,
] as const;
const signs = ['"', '\\', '{', '}', '[', ']', ':', ',', '\n', '\r', ' ', '-', '%', '&', '*', '='] as const;

function replaced(bytes: Buffer, chance: Chance): Buffer {
  if (bytes.length > 0) bytes.writeUInt8(oneOctet(chance), chance.below(bytes.length));
  return bytes;
}

function oneOctet(chance: Chance): number {
  if (chance.happens(40)) return chance.pick(telling);
  return chance.happens(50) ? chance.pick(signs).charCodeAt(0) : chance.below(256);
}

function truncated(bytes: Buffer, chance: Chance): Buffer {
  return bytes.subarray(0, chance.below(bytes.length + 1));
}

function without(bytes: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + chance.below(40))]);
}

function inserted(bytes: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length + 1);
  const added = Buffer.from(Array.from({ length: 1 + chance.below(12) }, () => oneOctet(chance)));
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)]);
}

function repeated(bytes: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length);
  const piece = bytes.subarray(at, at + 1 + chance.below(80));
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

/** The beginning of one honest input and the end of another. */
function spliced(bytes: Buffer, chance: Chance, corpus: Corpus): Buffer {
  const other = Buffer.from(chance.pick(corpus));
  return Buffer.concat([bytes.subarray(0, chance.below(bytes.length + 1)), other.subarray(chance.below(other.length))]);
}

/** A length of ASN.1 that says too little, too much, or more than memory has. */
function mismeasured(bytes: Buffer, chance: Chance): Buffer {
  const places = [...bytes.entries()].flatMap(([at, octet]) => (isTag(octet) ? [at + 1] : []));
  const at = places[chance.below(places.length)];
  if (at === undefined || at >= bytes.length) return bytes;
  if (chance.happens(30)) {
    const wide = Buffer.from([chance.pick([0x80, 0x81, 0x84, 0x88, 0xff]), 0xff, 0xff, 0xff, 0xff]);
    return Buffer.concat([bytes.subarray(0, at), wide, bytes.subarray(at + 1)]);
  }
  bytes.writeUInt8((bytes.readUInt8(at) + chance.below(9) + 252) % 256, at);
  return bytes;
}

function isTag(octet: number): boolean {
  return [0x02, 0x03, 0x04, 0x06, 0x30, 0x31, 0xa0, 0xa3].includes(octet);
}

/** One piece many times over. */
function grown(bytes: Buffer, chance: Chance): Buffer {
  const at = chance.below(bytes.length);
  const piece = bytes.subarray(at, at + 1 + chance.below(60));
  if (piece.length === 0) return bytes;
  const many = Buffer.alloc(chance.below(LARGE_BYTES), piece);
  return Buffer.concat([bytes.subarray(0, at), many, bytes.subarray(at)]);
}

/** Openings without an end: recursion is what they are for. */
function nested(bytes: Buffer, chance: Chance): Buffer {
  const openings = ['[', '{"a":', '- ', '0\x80', '\xa0\x80', '((', '-----BEGIN CERTIFICATE-----', '{a: '] as const;
  const opening = Buffer.from(chance.pick(openings), 'latin1');
  const at = chance.below(bytes.length + 1);
  const many = Buffer.alloc(opening.length * chance.below(20_000), opening);
  return Buffer.concat([bytes.subarray(0, at), many, bytes.subarray(at)]);
}

const changes: readonly [Change, ...Change[]] = [
  ...([flipped, replaced, replaced, truncated, without, inserted, repeated, spliced, mismeasured] as const),
];
