import { createHash, type KeyObject } from 'node:crypto';

/** What a PKCS#12 file (RFC 7292) holds: certificates in the file's order. */
export interface PfxContent {
  /** DERs. */
  readonly certificates: readonly Uint8Array[];
  readonly key?: KeyObject;
}

/** Object identifiers of PKCS#7, PKCS#12 and PKCS#5. */
export const oids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  x509: '1.2.840.113549.1.9.22.1',
  localKeyId: '1.2.840.113549.1.9.21',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  pbeSha1TripleDes: '1.2.840.113549.1.12.1.3',
} as const;

/** By OID; the block is what HMAC works on. */
export const hashes: Readonly<Record<string, { name: string; block: number }>> = {
  '1.3.14.3.2.26': { name: 'sha1', block: 64 },
  '2.16.840.1.101.3.4.2.1': { name: 'sha256', block: 64 },
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', block: 128 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', block: 128 },
};
export interface Derivation {
  readonly password: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** OID. */
  readonly hash: string;
}

export function deriveMacKey(derivation: Derivation): Buffer {
  return deriveKey({
    ...derivation,
    purpose: 3,
    length: createHash(hashes[derivation.hash]?.name ?? 'sha1').digest().length,
  });
}

/** RFC 7292, appendix B.2. Purpose 1: key, 2: IV, 3: MAC key. */
export function deriveKey(derivation: Derivation & { purpose: 1 | 2 | 3; length: number }): Buffer {
  const { name, block } = hashes[derivation.hash] ?? { name: '', block: 64 };
  if (name === '') throw new TypeError('This hash is not known here.');
  const text = Buffer.from(`${derivation.password}\0`, 'utf16le').swap16();
  const diversifier = Buffer.alloc(block, derivation.purpose);
  let input: Buffer = Buffer.concat([fill(derivation.salt, block), fill(text, block)]);
  const made: Buffer[] = [];
  for (let length = 0; length < derivation.length; ) {
    let hash = createHash(name).update(diversifier).update(input).digest();
    for (let round = 1; round < derivation.iterations; round++) hash = createHash(name).update(hash).digest();
    made.push(hash);
    length += hash.length;
    input = addToBlocks(input, fill(hash, block).subarray(0, block));
  }
  return Buffer.concat(made).subarray(0, derivation.length);
}

/** Repeats `bytes` up to a whole number of blocks. */
function fill(bytes: Uint8Array, block: number): Buffer {
  const length = Math.ceil(bytes.length / block) * block;
  return Buffer.from(Array.from({ length }, (_, index) => bytes[index % bytes.length] ?? 0));
}

/** Adds `addend + 1` to every block of `input`, each a big-endian number. */
function addToBlocks(input: Buffer, addend: Buffer): Buffer {
  const sum = Buffer.from(input);
  for (let start = 0; start < sum.length; start += addend.length) {
    let carry = 1;
    for (let index = addend.length - 1; index >= 0; index--) {
      carry += (sum[start + index] ?? 0) + (addend[index] ?? 0);
      sum[start + index] = carry & 0xff;
      carry >>= 8;
    }
  }
  return sum;
}
