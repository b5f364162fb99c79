import { seededRandom } from '../../../local/stand/random.ts';

/**
 * Everything in a simulation that nobody chooses. Each label has a stream of its own, so that what is drawn at one place
 * does not move what is drawn at another: a fault that is left out changes as little else as possible.
 */
export class Dice {
  readonly #seed: number;
  readonly #streams = new Map<string, () => number>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Numbers in [0, 1). */
  stream(label: string): () => number {
    const known = this.#streams.get(label);
    if (known !== undefined) return known;
    const made = seededRandom(mixed(label, this.#seed));
    this.#streams.set(label, made);
    return made;
  }

  chance(label: string, probability: number): boolean {
    return this.stream(label)() < probability;
  }

  /** From `least` to `most`, both possible. */
  integer(label: string, least: number, most: number): number {
    return least + Math.floor(this.stream(label)() * (most - least + 1));
  }

  /** As often short as long: the exponent is drawn, not the number. */
  scale(label: string, least: number, most: number): number {
    return least * (most / least) ** this.stream(label)();
  }

  pick<T>(label: string, items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.stream(label)() * items.length)] ?? items[0];
  }

  bytes(label: string, length: number): Buffer {
    const stream = this.stream(label);
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at++) bytes[at] = Math.floor(stream() * 256);
    return bytes;
  }
}

/** FNV-1a over the label, with the seed mixed in (murmur3's finalizer). */
function mixed(label: string, seed: number): number {
  let hash = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let at = 0; at < label.length; at++) hash = Math.imul(hash ^ label.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
