import { createHash, createHmac } from 'node:crypto';
import type { KeyVersion, PublicJwk } from '../vault/port.ts';
import { algorithmOf, encodedPart, signText } from './key-signature.ts';

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

/** Signs with a key of the vault. `payload` undefined: the empty payload of a POST-as-GET (RFC 8555 6.3). */
export async function signJws(
  key: Pick<KeyVersion, 'jwk' | 'sign'>,
  { url, nonce, by }: JwsHeader,
  payload: unknown,
): Promise<Jws> {
  const alg = algorithmOf(key.jwk);
  const who = by === 'jwk' ? { jwk: key.jwk } : { kid: by.kid };
  const head = encodedPart({ alg, ...who, ...(nonce !== undefined && { nonce }), url });
  const body = payload === undefined ? '' : encodedPart(payload);
  return { protected: head, payload: body, signature: await signText(key, `${head}.${body}`) };
}

/** Binds a new account to one that the CA knows already (RFC 8555 7.3.4): HMAC-SHA256 over the account's public key. */
export function bindAccount(jwk: PublicJwk, url: string, { keyId, hmacKey }: ExternalAccount): Jws {
  const head = encodedPart({ alg: 'HS256', kid: keyId, url });
  const body = encodedPart(jwk);
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
