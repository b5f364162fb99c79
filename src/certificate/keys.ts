import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRecent } from '../recent.ts';
import type { KeyType } from './types.ts';

const curves: Readonly<Record<string, KeyType>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };
const moduli: Readonly<Record<number, KeyType>> = { 2048: 'RSA-2048', 3072: 'RSA-3072', 4096: 'RSA-4096' };

/** What Perennial calls the key of a SubjectPublicKeyInfo; `unknown` for everything that it would not ask for. */
export function keyTypeOf(spki: Uint8Array): KeyType | 'unknown' {
  const key = publicKeyOf(spki);
  if (key === undefined) return 'unknown';
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return curves[namedCurve ?? ''] ?? 'unknown';
  if (!isSoundRsa(key)) return 'unknown';
  return moduli[modulusLength ?? 0] ?? 'unknown';
}

/** At least 112 bits of strength (NIST SP 800-57), whatever its exact size: the measure for keys of certificate authorities. */
export function isStrongKey(spki: Uint8Array): boolean {
  if (keyTypeOf(spki) !== 'unknown') return true;
  const key = publicKeyOf(spki);
  return key !== undefined && isSoundRsa(key) && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
}

/** A request and its certificate have one key, and its signature is verified besides; those of authorities come again and again. */
const remembered = createRecent<KeyObject>(500);

/** `undefined` when Node's crypto cannot take it as a public key. */
export function publicKeyOf(spki: Uint8Array): KeyObject | undefined {
  const bytes = Buffer.from(spki).toString('base64');
  const key = remembered.get(bytes) ?? importKey(spki);
  if (key !== undefined) remembered.set(bytes, key);
  return key;
}

function importKey(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch {
    // Not an error here: callers ask what kind of key it is, and "none that we know" is an answer.
    return undefined;
  }
}

/** An RSA key with a public exponent of 1, or an even one, protects nothing. */
function isSoundRsa(key: KeyObject): boolean {
  const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
  return key.asymmetricKeyType === 'rsa' && exponent >= 3n && exponent % 2n === 1n;
}
