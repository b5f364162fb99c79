import { createCipheriv, createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { type Der, encode, implicit, integer, nothing, octets, oid, sequence, set, tagged } from '../transport/der.ts';
import { deriveMacKey, oids, type PfxContent } from './pfx-algorithms.ts';
import type { RandomBytes } from './sign.ts';

const SHA256 = '2.16.840.1.101.3.4.2.1';
const HMAC_SHA256 = '1.2.840.113549.2.9';
const AES_256 = '2.16.840.1.101.3.4.1.42';

/** As many as Windows takes. */
const ROUNDS = 2000;

interface PfxOptions {
  readonly bytes?: RandomBytes;
  /** Of each key derivation. */
  readonly rounds?: number;
}

/** Writes a PKCS#12 file without password; `certificates` leaf first or not, as the caller wants the file to be. */
export function writePfx(
  content: PfxContent,
  leaf: Uint8Array,
  { bytes = randomBytes, rounds = ROUNDS }: PfxOptions = {},
): Buffer {
  const options = { bytes, rounds };
  const keyId = createHash('sha1').update(leaf).digest();
  const isLeaf = (der: Uint8Array): boolean => Buffer.compare(der, leaf) === 0;
  const certificates = content.certificates.map((der) =>
    bag(oids.certBag, sequence(oid(oids.x509), tagged(0, octets(der))), isLeaf(der) ? keyId : undefined),
  );
  const parts = [encryptedPart(encode(sequence(...certificates)), options)];
  if (content.key !== undefined) {
    const pkcs8 = content.key.export({ type: 'pkcs8', format: 'der' });
    const { algorithm, encrypted } = encrypt(pkcs8, options);
    parts.push(dataPart(encode(sequence(bag(oids.shroudedKeyBag, sequence(algorithm, octets(encrypted)), keyId)))));
  }
  const safe = encode(sequence(...parts));
  return encode(sequence(integer(3), dataPart(safe), macOf(safe, options)));
}

function bag(type: string, value: Der, keyId: Uint8Array | undefined): Der {
  const attributes = keyId === undefined ? [] : [set(sequence(oid(oids.localKeyId), set(octets(keyId))))];
  return sequence(oid(type), tagged(0, value), ...attributes);
}

const dataPart = (bytes: Uint8Array): Der => sequence(oid(oids.data), tagged(0, octets(bytes)));

function encryptedPart(content: Uint8Array, options: Required<PfxOptions>): Der {
  const { algorithm, encrypted } = encrypt(content, options);
  const part = sequence(oid(oids.data), algorithm, implicit(0, encrypted));
  return sequence(oid(oids.encryptedData), tagged(0, sequence(integer(0), part)));
}

/** PBES2 with AES-256 and PBKDF2-HMAC-SHA256, under the empty password. */
function encrypt(content: Uint8Array, { bytes, rounds }: Required<PfxOptions>): { algorithm: Der; encrypted: Buffer } {
  const [salt, iv] = [bytes(16), bytes(16)];
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync('', salt, rounds, 32, 'sha256'), iv);
  const derivation = sequence(octets(salt), integer(rounds), sequence(oid(HMAC_SHA256), nothing()));
  const parameters = sequence(sequence(oid(oids.pbkdf2), derivation), sequence(oid(AES_256), octets(iv)));
  return {
    algorithm: sequence(oid(oids.pbes2), parameters),
    encrypted: Buffer.concat([cipher.update(content), cipher.final()]),
  };
}

function macOf(safe: Uint8Array, { bytes, rounds }: Required<PfxOptions>): Der {
  const salt = bytes(8);
  const key = deriveMacKey({ password: '', salt, iterations: rounds, hash: SHA256 });
  const mac = createHmac('sha256', key).update(safe).digest();
  const digest = sequence(sequence(oid(SHA256), nothing()), octets(mac));
  return sequence(digest, octets(salt), integer(rounds));
}
