import { createHash } from 'node:crypto';
import type { KeyVersion, PublicJwk } from '../vault/port.ts';

const curves = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' } as const;
const hashes = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', RS256: 'sha256' } as const;

/** The one algorithm (RFC 7518 3.1) that a key of the vault signs with here. */
export function algorithmOf(jwk: PublicJwk): keyof typeof hashes {
  return jwk.kty === 'RSA' ? 'RS256' : curves[jwk.crv];
}

/** base64url of the signature of a key of the vault over a text: in the form of JWS, r and s side by side (RFC 7518 3.4). */
export async function signText(key: Pick<KeyVersion, 'jwk' | 'sign'>, text: string): Promise<string> {
  const algorithm = algorithmOf(key.jwk);
  const digest = createHash(hashes[algorithm]).update(text).digest();
  return Buffer.from(await key.sign(algorithm, new Uint8Array(digest))).toString('base64url');
}

/** One part of a JWS: base64url of its JSON. */
export function encodedPart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
