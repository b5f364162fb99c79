import { constants, createECDH, createHash, type KeyObject, privateEncrypt, randomBytes } from 'node:crypto';

interface Algorithm {
  readonly hash: string;
  readonly scheme: 'pkcs1' | 'pss' | 'ecdsa';
  readonly curve?: string;
}

/** JSON Web Algorithms of keys/sign: what they hash with, and the keys they need. */
const algorithms: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: 'sha256', scheme: 'pkcs1' },
  RS384: { hash: 'sha384', scheme: 'pkcs1' },
  RS512: { hash: 'sha512', scheme: 'pkcs1' },
  PS256: { hash: 'sha256', scheme: 'pss' },
  PS384: { hash: 'sha384', scheme: 'pss' },
  PS512: { hash: 'sha512', scheme: 'pss' },
  ES256: { hash: 'sha256', scheme: 'ecdsa', curve: 'prime256v1' },
  ES384: { hash: 'sha384', scheme: 'ecdsa', curve: 'secp384r1' },
  ES512: { hash: 'sha512', scheme: 'ecdsa', curve: 'secp521r1' },
  ES256K: { hash: 'sha256', scheme: 'ecdsa', curve: 'secp256k1' },
};

/** Why a digest can be neither signed nor verified. */
export type Unfit = { readonly state: 'unknown-algorithm' | 'wrong-key' | 'wrong-digest' };
export type Signed = { readonly state: 'signed'; readonly signature: Buffer } | Unfit;

/** Where salts and one-time numbers come from. */
export type RandomBytes = (length: number) => Buffer;

/**
 * Signs a digest. Node signs messages only, so that the last step of each scheme is made here; the arithmetic with the
 * key stays in OpenSSL.
 */
export function signDigest(algorithm: string, digest: Buffer, key: KeyObject): Signed {
  return signerWith(randomBytes)(algorithm, digest, key);
}

/** The same with randomness of one's own. */
export function signerWith(bytes: RandomBytes): typeof signDigest {
  return (algorithm, digest, key) => {
    const fit = fitting(algorithm, digest, key);
    if ('state' in fit) return fit;
    const schemes = { pkcs1: signPkcs1, pss: signPss, ecdsa: signEcdsa };
    return { state: 'signed', signature: schemes[fit.scheme]({ digest, key, hash: fit.hash, bytes }) };
  };
}

/** The algorithm, if it exists and suits both key and digest. */
export function fitting(algorithm: string, digest: Buffer, key: KeyObject): Algorithm | Unfit {
  const found = algorithms[algorithm];
  if (found === undefined) return { state: 'unknown-algorithm' };
  const fits =
    found.scheme === 'ecdsa' ? key.asymmetricKeyDetails?.namedCurve === found.curve : key.asymmetricKeyType === 'rsa';
  if (!fits) return { state: 'wrong-key' };
  if (digest.length !== hashOf(found.hash, '').length) return { state: 'wrong-digest' };
  return found;
}

interface ToSign {
  readonly digest: Buffer;
  readonly key: KeyObject;
  readonly hash: string;
  readonly bytes: RandomBytes;
}

export const hashOf = (hash: string, data: Uint8Array | string): Buffer => createHash(hash).update(data).digest();

/** RFC 8017 9.2, note 1: DigestInfo up to the digest. */
const digestInfo: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

export const withDigestInfo = (digest: Buffer, hash: string): Buffer =>
  Buffer.concat([Buffer.from(digestInfo[hash] ?? '', 'hex'), digest]);

function signPkcs1({ digest, key, hash }: ToSign): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, withDigestInfo(digest, hash));
}

/** The length of an encoded message in bits: one less than the modulus. */
export const encodedBits = (key: KeyObject): number => (key.asymmetricKeyDetails?.modulusLength ?? 0) - 1;

/** RFC 8017 9.1.1 (EMSA-PSS) with a salt as long as the digest. */
function signPss({ digest, key, hash, bytes }: ToSign): Buffer {
  const bits = encodedBits(key);
  const length = Math.ceil(bits / 8);
  const salt = bytes(digest.length);
  const hashed = hashOf(hash, Buffer.concat([Buffer.alloc(8), digest, salt]));
  const padding = Buffer.alloc(length - 2 * digest.length - 2);
  const masked = maskedBlock({ hashed, data: Buffer.concat([padding, Buffer.of(1), salt]), hash, bits });
  const encoded = Buffer.concat([masked, hashed, Buffer.of(0xbc)]);
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

/** Masks a data block, or takes its mask off: it is the same act. */
export function maskedBlock(block: { hashed: Buffer; data: Buffer; hash: string; bits: number }): Buffer {
  const { hashed, data, hash, bits } = block;
  const mask = mgf1(hashed, data.length, hash);
  const masked = Buffer.from(data.map((byte, index) => byte ^ (mask[index] ?? 0)));
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * Math.ceil(bits / 8) - bits));
  return masked;
}

function mgf1(seed: Buffer, length: number, hash: string): Buffer {
  const blocks: Buffer[] = [];
  for (let made = 0, counter = 0; made < length; counter++) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    const block = hashOf(hash, Buffer.concat([seed, number]));
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

const orders: Readonly<Record<string, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1:
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
};

/** FIPS 186-5 6.4.1. The point of the one-time number comes from ECDH; the answer is r and s, one after the other. */
function signEcdsa({ digest, key, bytes }: ToSign): Buffer {
  const { curve, n, d, size } = numbersOf(key);
  // No digest is longer than the order of its own curve, so that nothing is cut off it.
  const z = toInteger(digest);
  for (;;) {
    // 8 bytes more than the order has, so that the remainder favours no number (A.3.1).
    const k = (toInteger(bytes(size + 8)) % (n - 1n)) + 1n;
    const r = abscissa(curve, toBytes(k, size)) % n;
    const s = (inverse(k, n) * (z + r * d)) % n;
    // The chance of a zero is 2^-256: the standard asks for another try.
    if (r !== 0n && s !== 0n) return Buffer.concat([toBytes(r, size), toBytes(s, size)]);
  }
}

/** What arithmetic needs of an elliptic key: the curve's order, the secret number, the order's length in bytes. */
export function numbersOf(key: KeyObject): { curve: string; n: bigint; d: bigint; size: number } {
  const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
  const n = orders[curve] ?? 1n;
  const d = toInteger(Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url'));
  return { curve, n, d, size: Math.ceil(n.toString(16).length / 2) };
}

/** The first coordinate of the curve's generator, so many times. */
export function abscissa(curve: string, times: Buffer): bigint {
  const point = createECDH(curve);
  point.setPrivateKey(times);
  const coordinates = point.getPublicKey();
  return toInteger(coordinates.subarray(1, 1 + (coordinates.length - 1) / 2));
}

export const toInteger = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);
export const toBytes = (value: bigint, size: number): Buffer =>
  Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');

/** Extended Euclid; `modulus` is prime. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [value % modulus, modulus];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a % b];
    [x, y] = [y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}
