import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { encode, integer, sequence } from '../transport/der.ts';
import type { SignBytes } from '../transport/x509.ts';
import { signerWith } from './sign.ts';

/**
 * Everything in a vault that nobody chooses: ids, serial numbers, one-time numbers of signatures, how long things take.
 * Two vaults with one seed, one clock and the same keys answer alike, byte by byte.
 */
export interface Chance {
  bytes(length: number): Buffer;
  /** From `least` to `most`, both possible. */
  integer(least: number, most: number): number;
  /** 32 lower-case hex characters: ids of versions and of requests. */
  id(): string;
  guid(): string;
  /** For certificates and requests. */
  readonly sign: SignBytes;
  /** Of certificates: 16 octets. */
  serial(): Buffer;
}

/** `random` gives numbers in [0, 1); absent: the operating system's randomness. */
export function createChance(random?: () => number): Chance {
  const bytes = (length: number): Buffer =>
    random === undefined ? randomBytes(length) : Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  // 48 bits are more than any choice made here needs, and still an exact number.
  const unit = random ?? ((): number => randomBytes(6).readUIntBE(0, 6) / 2 ** 48);
  return {
    bytes,
    integer: (least, most) => least + Math.floor(unit() * (most - least + 1)),
    id: () => bytes(16).toString('hex'),
    guid: () => asGuid(bytes(16)),
    sign: random === undefined ? sign : repeatableSign(bytes),
    serial: () => asSerial(bytes(16)),
  };
}

/** RFC 9562, version 4. */
function asGuid(bytes: Buffer): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Positive, and never starting with zero. */
function asSerial(bytes: Buffer): Buffer {
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

const ecdsaOf: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
  secp256k1: 'ES256K',
};

/** RSA signatures of PKCS#1 repeat themselves; of an elliptic one the one-time number has to. */
function repeatableSign(bytes: (length: number) => Buffer): SignBytes {
  const signDigest = signerWith(bytes);
  return (hash, content, key: KeyObject) => {
    const algorithm = ecdsaOf[key.asymmetricKeyDetails?.namedCurve ?? ''];
    if (algorithm === undefined) return sign(hash, content, key);
    const signed = signDigest(algorithm, createHash(hash).update(content).digest(), key);
    if (signed.state !== 'signed') throw new TypeError(`A signature can not be made: ${signed.state}.`);
    const half = signed.signature.length / 2;
    const parts = [signed.signature.subarray(0, half), signed.signature.subarray(half)];
    return encode(sequence(...parts.map((part) => integer(withoutZeros(part)))));
  };
}

/** DER writes no octet that an integer does not need. */
function withoutZeros(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first === -1 ? Buffer.of(0) : bytes.subarray(first);
}
