import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isObject } from './json.ts';
import { AcmeProblem, malformed } from './problem.ts';

/** A public key that requests are signed with. */
export interface PublicKey {
  readonly key: KeyObject;
  /** The required members alone (RFC 7638). */
  readonly jwk: Readonly<Record<string, string>>;
  /** base64url; two keys are the same when theirs are. */
  readonly thumbprint: string;
  /** The one algorithm that it signs with. */
  readonly algorithm: Algorithm;
}

export const algorithms = ['RS256', 'ES256', 'ES384'] as const;
export type Algorithm = (typeof algorithms)[number];

const required: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['RSA', ['e', 'kty', 'n']],
]);
const curves: ReadonlyMap<string | undefined, Algorithm> = new Map([
  ['P-256', 'ES256'],
  ['P-384', 'ES384'],
]);
const SMALLEST_RSA_BITS = 2048;
const LARGEST_RSA_BITS = 4096;

/** Reads a JWK (RFC 7517); refuses keys that are weak, of an unknown kind, or private. */
export function readPublicKey(value: unknown): PublicKey {
  if (!isObject(value)) throw malformed('No JWK in JWS header');
  const members = required.get(value.kty);
  if (members === undefined)
    throw new AcmeProblem('badPublicKey', `key type ${JSON.stringify(value.kty)} not supported`);
  if ('d' in value) throw malformed('the JWK holds a private key');
  const jwk = Object.fromEntries(members.map((name) => [name, String(value[name])]));
  const key = parsed(jwk);
  const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  return { key, jwk, thumbprint, algorithm: algorithmOf(key, jwk) };
}

function parsed(jwk: Record<string, string>): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw malformed('the JWK is not a public key');
  }
}

function algorithmOf(key: KeyObject, jwk: Readonly<Record<string, string>>): Algorithm {
  const found = jwk.kty === 'RSA' ? 'RS256' : curves.get(jwk.crv);
  if (found === undefined) throw new AcmeProblem('badPublicKey', `ECDSA curve ${jwk.crv} not allowed`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? SMALLEST_RSA_BITS;
  if (bits < SMALLEST_RSA_BITS) throw new AcmeProblem('badPublicKey', `key too small: ${bits}`);
  if (bits > LARGEST_RSA_BITS) throw new AcmeProblem('badPublicKey', `key too large: ${bits}`);
  return found;
}

/** Whether the JWS was signed with the key (RFC 7518 3.3 and 3.4). */
export function isSignedWith({ key, algorithm }: PublicKey, input: Uint8Array, signature: Uint8Array): boolean {
  return verify(algorithm === 'ES384' ? 'sha384' : 'sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature);
}
