import { generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';

/** The claims of an access token that the stand uses. */
export interface Claims {
  readonly aud: string;
  readonly iss: string;
  readonly oid: string;
  readonly appid: string;
  /** Unix seconds. */
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly [claim: string]: unknown;
}

/** Signs and verifies access tokens (RS256) with a key made at start-up. */
export interface TokenMint {
  /** The public key as JWKS (RFC 7517). */
  keySet(): { readonly keys: readonly object[] };
  sign(claims: Claims): string;
  /** `undefined` when the form, the signature or the life of the token is wrong. */
  verify(token: string): Claims | undefined;
  /** Whether a token that was good once has ended. */
  isExpired(token: string): boolean;
}

/** Clocks of client and server may differ by this much. */
const LEEWAY_SECONDS = 300;

const MOST_SIGNED = 100;

export function createTokenMint(clock: Clock): TokenMint {
  // Made at first use: a stand with many short-lived identities (tests) would spend its time on keys.
  let made: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined;
  const keys = (): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } => {
    made ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    return made;
  };
  const kid = randomUUID();
  const header = encodePart({ typ: 'JWT', alg: 'RS256', kid });
  // A client shows the same token with each of its requests.
  const signed = new Map<string, Claims>();
  const readSigned = (token: string): Claims | undefined => {
    const [head, body, signature, ...rest] = token.split('.');
    // Only our own header is ever right: that leaves no room for another algorithm or key.
    if (head !== header || body === undefined || signature === undefined || rest.length > 0) return undefined;
    const content = Buffer.from(`${head}.${body}`);
    const isRight = verify('sha256', content, keys().publicKey, Buffer.from(signature, 'base64url'));
    return isRight ? (JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims) : undefined;
  };
  const read = (token: string): Claims | undefined => {
    const claims = signed.get(token) ?? readSigned(token);
    if (claims === undefined) return undefined;
    if (signed.size >= MOST_SIGNED) signed.clear();
    signed.set(token, claims);
    return claims;
  };
  return {
    keySet: () => ({ keys: [{ ...keys().publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid }] }),
    sign(claims) {
      const content = `${header}.${encodePart(claims)}`;
      return `${content}.${sign('sha256', Buffer.from(content), keys().privateKey).toString('base64url')}`;
    },
    verify(token) {
      const claims = read(token);
      const now = clock.now().getTime() / 1000;
      return claims !== undefined && claims.nbf - LEEWAY_SECONDS <= now && now < claims.exp ? claims : undefined;
    },
    isExpired(token) {
      const claims = read(token);
      return claims !== undefined && claims.exp <= clock.now().getTime() / 1000;
    },
  };
}

const encodePart = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');
