import { fromBase64url, isObject, type JsonObject, readObject } from './json.ts';
import { AcmeProblem, malformed } from './problem.ts';
import { algorithms, isSignedWith, type PublicKey } from './public-key.ts';

/** A JWS in flattened JSON serialization (RFC 7515 7.2.2), read and not yet believed. */
export interface Jws {
  readonly header: JsonObject;
  readonly payload: Buffer;
  readonly signingInput: Buffer;
  readonly signature: Buffer;
}

/** RFC 8555 6.2: one signature, all of the header protected. */
export function readJws(value: unknown): Jws {
  if (!isObject(value)) throw malformed('Parse error reading JWS');
  if ('header' in value) throw malformed('JWS "header" field not allowed. All headers must be in "protected" field');
  if ('signatures' in value) {
    throw malformed('JWS "signatures" field not allowed. Only the "signature" field should contain a signature');
  }
  const header = readObject(fromBase64url(value.protected, 'the protected header'), 'the protected header');
  return {
    header,
    payload: fromBase64url(value.payload, 'the payload'),
    signingInput: Buffer.from(`${String(value.protected)}.${String(value.payload)}`),
    signature: fromBase64url(value.signature, 'the signature'),
  };
}

/** Refuses an algorithm that the key does not sign with, and a wrong signature. */
export function verifyJws(jws: Jws, key: PublicKey): void {
  const { alg } = jws.header;
  if (alg !== key.algorithm) {
    const detail = `signature type ${JSON.stringify(alg)} in JWS header is not supported for this key, expected ${key.algorithm}`;
    throw new AcmeProblem('badSignatureAlgorithm', detail, { members: { algorithms } });
  }
  if (!isSignedWith(key, jws.signingInput, jws.signature)) throw malformed('JWS verification error');
}
