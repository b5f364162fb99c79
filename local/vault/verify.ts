import { constants, createPublicKey, type KeyObject, publicDecrypt } from 'node:crypto';
import {
  abscissa,
  encodedBits,
  fitting,
  hashOf,
  inverse,
  maskedBlock,
  numbersOf,
  toBytes,
  toInteger,
  type Unfit,
  withDigestInfo,
} from './sign.ts';

export type Verified = { readonly state: 'verified'; readonly isValid: boolean } | Unfit;

/** Verifies the signature of a digest. The vault has the private key, which makes the arithmetic of ECDSA short. */
export function verifyDigest(
  algorithm: string,
  signed: { digest: Buffer; signature: Buffer },
  key: KeyObject,
): Verified {
  const fit = fitting(algorithm, signed.digest, key);
  if ('state' in fit) return fit;
  const schemes = { pkcs1: verifyPkcs1, pss: verifyPss, ecdsa: verifyEcdsa };
  return { state: 'verified', isValid: schemes[fit.scheme]({ ...signed, key, hash: fit.hash }) };
}

interface ToVerify {
  readonly digest: Buffer;
  readonly signature: Buffer;
  readonly key: KeyObject;
  readonly hash: string;
}

function verifyPkcs1({ digest, signature, key, hash }: ToVerify): boolean {
  return opened(signature, key, constants.RSA_PKCS1_PADDING)?.equals(withDigestInfo(digest, hash)) === true;
}

/** RFC 8017 9.1.2, with a salt as long as the digest. */
function verifyPss({ digest, signature, key, hash }: ToVerify): boolean {
  const encoded = opened(signature, key, constants.RSA_NO_PADDING);
  if (encoded?.at(-1) !== 0xbc) return false;
  const split = encoded.length - digest.length - 1;
  const hashed = encoded.subarray(split, -1);
  const data = maskedBlock({ hashed, data: encoded.subarray(0, split), hash, bits: encodedBits(key) });
  const salt = data.subarray(-digest.length);
  const padding = data.subarray(0, -digest.length);
  const isPadding = padding.at(-1) === 1 && padding.subarray(0, -1).every((byte) => byte === 0);
  return isPadding && hashOf(hash, Buffer.concat([Buffer.alloc(8), digest, salt])).equals(hashed);
}

/** What the public key finds in a signature; `undefined` where there is nothing of the kind. */
function opened(signature: Buffer, key: KeyObject, padding: number): Buffer | undefined {
  try {
    return publicDecrypt({ key: createPublicKey(key), padding }, signature);
  } catch {
    // OpenSSL refuses what was not made with this padding or this key: that is an invalid signature, not a fault.
    return undefined;
  }
}

/** The one-time number follows from signature and private key: the signature is valid if its point is r. */
function verifyEcdsa({ digest, signature, key }: ToVerify): boolean {
  const { curve, n, d, size } = numbersOf(key);
  if (signature.length !== 2 * size) return false;
  const [r, s] = [toInteger(signature.subarray(0, size)), toInteger(signature.subarray(size))];
  if (r === 0n || s === 0n || r >= n || s >= n) return false;
  const k = (inverse(s, n) * (toInteger(digest) + r * d)) % n;
  return k !== 0n && abscissa(curve, toBytes(k, size)) % n === r;
}
