import { createHash, createHmac } from 'node:crypto';
import type { KeyVersion, PublicJwk } from '../vault/port.ts';

/** A JSON Web Signature in its flattened JSON form (RFC 7515 7.2.2), which is all that ACME takes. */
export interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

/** What is signed besides the payload. Who signs is told by the account's URL, or by the key where there is no account yet. */
export interface JwsHeader {
  readonly url: string;
  readonly nonce?: string;
  readonly by: { readonly kid: string } | 'jwk';
}

const curves = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' } as const;
const hashes = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', RS256: 'sha256' } as const;

/** Signs with a key of the vault. `payload` undefined: the empty payload of a POST-as-GET (RFC 8555 6.3). */
export async function signJws(
  key: Pick<KeyVersion, 'jwk' | 'sign'>,
  { url, nonce, by }: JwsHeader,
  payload: unknown,
): Promise<Jws> {
  const alg = algorithmOf(key.jwk);
  const who = by === 'jwk' ? { jwk: key.jwk } : { kid: by.kid };
  const head = encoded({ alg, ...who, ...(nonce !== undefined && { nonce }), url });
  const body = payload === undefined ? '' : encoded(payload);
  const digest = createHash(hashes[alg]).update(`${head}.${body}`).digest();
  const signature = await key.sign(alg, new Uint8Array(digest));
  return { protected: head, payload: body, signature: Buffer.from(signature).toString('base64url') };
}

/** Binds a new account to one that the CA knows already (RFC 8555 7.3.4): HMAC-SHA256 over the account's public key. */
export function bindAccount(jwk: PublicJwk, url: string, { keyId, hmacKey }: ExternalAccount): Jws {
  const head = encoded({ alg: 'HS256', kid: keyId, url });
  const body = encoded(jwk);
  const signature = createHmac('sha256', hmacKey).update(`${head}.${body}`).digest('base64url');
  return { protected: head, payload: body, signature };
}

/** What a CA hands out for external account binding. */
export interface ExternalAccount {
  readonly keyId: string;
  readonly hmacKey: Uint8Array;
}

/** SHA-256 thumbprint of a public key (RFC 7638): members in the order of the alphabet. */
export function thumbprint(jwk: PublicJwk): string {
  const members =
    jwk.kty === 'EC' ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } : { e: jwk.e, kty: jwk.kty, n: jwk.n };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}

function algorithmOf(jwk: PublicJwk): keyof typeof hashes {
  return jwk.kty === 'RSA' ? 'RS256' : curves[jwk.crv];
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
