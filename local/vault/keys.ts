import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** A key that a policy can ask for. `P-256K` is secp256k1. */
export const keyKinds = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521', 'P-256K'] as const;
export type KeyKind = (typeof keyKinds)[number];

const curves = { 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1', 'P-256K': 'secp256k1' } as const;
export type CurveName = keyof typeof curves;

/** Keys made beforehand, so that a stand does not wait for RSA. */
export interface KeyPool {
  /** A private key that nobody else gets; `undefined` when none is left. */
  take(kind: KeyKind): KeyObject | undefined;
}

const generate = promisify(generateKeyPair);

/** Makes a private key in the thread pool, not on the main thread. */
export async function makeKey(kind: KeyKind): Promise<KeyObject> {
  const bits = /^RSA-(\d+)$/.exec(kind)?.[1];
  if (bits !== undefined) return (await generate('rsa', { modulusLength: Number(bits) })).privateKey;
  return (await generate('ec', { namedCurve: curves[kind as CurveName] })).privateKey;
}

/** Makes so many keys of each kind. */
export async function createKeyPool(counts: Partial<Record<KeyKind, number>>): Promise<KeyPool> {
  const pool = new Map<KeyKind, KeyObject[]>();
  for (const kind of keyKinds) {
    const wanted = Array.from({ length: counts[kind] ?? 0 });
    pool.set(kind, await Promise.all(wanted.map(() => makeKey(kind))));
  }
  return { take: (kind) => pool.get(kind)?.pop() };
}

/** The kind of a key; `undefined` for one that Key Vault does not take. */
export function kindOf(key: KeyObject): KeyKind | undefined {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return keyKinds.find((kind) => kind === `RSA-${modulusLength}`);
  return (Object.keys(curves) as CurveName[]).find((name) => curves[name] === namedCurve);
}
