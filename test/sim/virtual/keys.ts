import { createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Keys } from '../../../local/pki.ts';
import type { KeyKind, KeyPool } from '../../../local/vault/keys.ts';
import type { Dice } from './dice.ts';

const curves = {
  'P-256': { name: 'prime256v1', bytes: 32 },
  'P-384': { name: 'secp384r1', bytes: 48 },
} as const;

/** The curves that a simulation's estate uses: an RSA key of a seed would take too long to find. */
export type SimKeyKind = keyof typeof curves;

/** A private key that the seed alone decides. */
export function seededKey(dice: Dice, kind: SimKeyKind): KeyObject {
  const { name, bytes } = curves[kind];
  const secret = dice.bytes(`key ${kind}`, bytes);
  // Below the order of either curve, and never zero.
  secret[0] = (secret[0] ?? 0) & 0x7f;
  secret[bytes - 1] = (secret[bytes - 1] ?? 0) | 1;
  const pair = createECDH(name);
  pair.setPrivateKey(secret);
  const point = pair.getPublicKey();
  const text = (part: Buffer): string => part.toString('base64url');
  const coordinates = { x: text(point.subarray(1, 1 + bytes)), y: text(point.subarray(1 + bytes)) };
  return createPrivateKey({ format: 'jwk', key: { kty: 'EC', crv: kind, d: text(secret), ...coordinates } });
}

export function seededKeys(dice: Dice, keyType: SimKeyKind): Keys {
  const privateKey = seededKey(dice, keyType);
  return {
    keyType,
    privateKey,
    spki: Uint8Array.from(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })),
    pkcs8: Uint8Array.from(privateKey.export({ type: 'pkcs8', format: 'der' })),
    pkcs8Pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** A vault's keys, without end; `seen` is shown each of them. */
export function seededKeyPool(dice: Dice, seen: (key: KeyObject) => void): KeyPool {
  return {
    take(kind: KeyKind) {
      if (kind !== 'P-256' && kind !== 'P-384') return undefined;
      const key = seededKey(dice, kind);
      seen(key);
      return key;
    },
  };
}
