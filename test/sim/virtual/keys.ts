import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto';
import type { Keys } from '../../../local/pki.ts';
import type { KeyKind, KeyPool } from '../../../local/vault/keys.ts';
import { Dice } from './dice.ts';

const curves = {
  'P-256': { name: 'prime256v1', bytes: 32 },
  'P-384': { name: 'secp384r1', bytes: 48 },
} as const;

/** The curves that a simulation's estate uses: an RSA key of a seed would take too long to find. */
export type SimKeyKind = keyof typeof curves;

/** Keys with the texts that must show up nowhere. */
export interface SimKeys extends Keys {
  readonly secrets: readonly string[];
}

/** Made once a process: a key costs more than a step. Which number has which key is the same in every process. */
const shelves: Readonly<Record<SimKeyKind, SimKeys[]>> = { 'P-256': [], 'P-384': [] };

/** The key of this number (0, 1, …). */
export function numberedKeys(keyType: SimKeyKind, number: number): SimKeys {
  const keys = shelves[keyType][number] ?? makeKeys(new Dice(number), keyType);
  shelves[keyType][number] = keys;
  return keys;
}

function makeKeys(dice: Dice, keyType: SimKeyKind): SimKeys {
  const { name, bytes } = curves[keyType];
  const secret = dice.bytes(`key ${keyType}`, bytes);
  // Below the order of either curve, and never zero.
  secret[0] = (secret[0] ?? 0) & 0x7f;
  secret[bytes - 1] = (secret[bytes - 1] ?? 0) | 1;
  const pair = createECDH(name);
  pair.setPrivateKey(secret);
  const point = pair.getPublicKey();
  const text = (part: Buffer): string => part.toString('base64url');
  const coordinates = { x: text(point.subarray(1, 1 + bytes)), y: text(point.subarray(1 + bytes)) };
  const d = text(secret);
  const privateKey = createPrivateKey({ format: 'jwk', key: { kty: 'EC', crv: keyType, d, ...coordinates } });
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
  return {
    keyType,
    privateKey,
    spki: Uint8Array.from(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })),
    pkcs8: Uint8Array.from(pkcs8),
    pkcs8Pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    secrets: [d, pkcs8.toString('base64')],
  };
}

/** So many keys of the shelf are for whoever is there before a simulation begins. */
const RESERVED = 8;
const STARTS = 64;

/** The keys of one simulation: no two are the same, and the seed decides which they are. */
export class KeyRing implements KeyPool {
  readonly #dice: Dice;
  readonly #next = new Map<SimKeyKind, number>();
  readonly taken: SimKeys[] = [];

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  draw(kind: SimKeyKind): SimKeys {
    const number = this.#next.get(kind) ?? this.#dice.integer(`key ${kind}`, RESERVED, RESERVED + STARTS);
    this.#next.set(kind, number + 1);
    const keys = numberedKeys(kind, number);
    this.taken.push(keys);
    return keys;
  }

  take(kind: KeyKind): SimKeys['privateKey'] | undefined {
    return kind === 'P-256' || kind === 'P-384' ? this.draw(kind).privateKey : undefined;
  }
}
