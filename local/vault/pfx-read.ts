import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  type KeyObject,
  pbkdf2Sync,
  timingSafeEqual,
} from 'node:crypto';
import * as asn1 from 'asn1js';
import { type Der, encode, raw } from '../transport/der.ts';
import { deriveKey, deriveMacKey, hashes, oids, type PfxContent } from './pfx-algorithms.ts';

const prfs: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const ciphers: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
};
/** Why a PKCS#12 file could not be read. */
export type PfxRead =
  | { readonly state: 'read'; readonly content: PfxContent }
  | { readonly state: 'unreadable'; readonly reason: string };

/** Reads a PKCS#12 file. RC2 (old files of OpenSSL and Windows) is not understood: OpenSSL 3 has it no more. */
export function readPfx(file: Uint8Array, password: string): PfxRead {
  try {
    return { state: 'read', content: readBags(file, password) };
  } catch (error) {
    if (error instanceof UnreadablePfx) return { state: 'unreadable', reason: error.message };
    // A wrong password ends in padding that is wrong, and a wrong file in ASN.1 that is wrong.
    return { state: 'unreadable', reason: 'The specified PKCS#12 X.509 certificate content can not be read.' };
  }
}

class UnreadablePfx extends Error {
  override readonly name = 'UnreadablePfx';
}

function readBags(file: Uint8Array, password: string): PfxContent {
  const [, authSafe, mac] = items(raw(file));
  const safe = octetsOf(items(items(authSafe)[1])[0]);
  if (mac !== undefined && !isIntact(safe, mac, password)) {
    throw new UnreadablePfx('The specified PKCS#12 X.509 certificate password is not correct.');
  }
  const certificates: Uint8Array[] = [];
  let key: KeyObject | undefined;
  for (const part of items(raw(safe))) {
    for (const safeBag of items(raw(openPart(part, password)))) {
      const [type, wrapped] = items(safeBag);
      const value = items(wrapped)[0];
      if (oidOf(type) === oids.certBag) certificates.push(octetsOf(items(items(value)[1])[0]));
      if (oidOf(type) === oids.keyBag) key ??= privateKey(encodeOf(value));
      if (oidOf(type) === oids.shroudedKeyBag) {
        const [algorithm, encrypted] = items(value);
        key ??= privateKey(decrypt(algorithm, octetsOf(encrypted), password));
      }
    }
  }
  return key === undefined ? { certificates } : { certificates, key };
}

const privateKey = (pkcs8: Buffer): KeyObject => createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });

function openPart(part: Der, password: string): Buffer {
  const [type, wrapped] = items(part);
  const content = items(wrapped)[0];
  if (oidOf(type) === oids.data) return octetsOf(content);
  if (oidOf(type) !== oids.encryptedData) throw new UnreadablePfx('A part of the PKCS#12 content is of unknown type.');
  const [, algorithm, encrypted] = items(items(content)[1]);
  return decrypt(algorithm, octetsOf(encrypted), password);
}

function decrypt(algorithm: Der | undefined, encrypted: Buffer, password: string): Buffer {
  const [type, parameters] = items(algorithm);
  const { name, key, iv } =
    oidOf(type) === oids.pbes2 ? pbes2Key(parameters, password) : pkcs12Key(oidOf(type), parameters, password);
  const decipher = createDecipheriv(name, key, iv);
  return Buffer.concat([decipher.update(encrypted), decipher.final()]);
}

interface CipherKey {
  readonly name: string;
  readonly key: Buffer;
  readonly iv: Buffer;
}

function pbes2Key(parameters: Der | undefined, password: string): CipherKey {
  const [derivation, scheme] = items(parameters);
  const [salt, iterations, ...rest] = items(items(derivation)[1]);
  const prf = rest.find((one) => one instanceof asn1.Sequence);
  const hash = prf === undefined ? 'sha1' : prfs[oidOf(items(prf)[0])];
  const [cipherId, iv] = items(scheme);
  const cipher = ciphers[oidOf(cipherId)];
  if (hash === undefined || cipher === undefined)
    throw new UnreadablePfx('The PKCS#12 content is encrypted by an unknown algorithm.');
  const key = pbkdf2Sync(password, octetsOf(salt), numberOf(iterations), cipher.keyBytes, hash);
  return { name: cipher.name, key, iv: octetsOf(iv) };
}

function pkcs12Key(type: string, parameters: Der | undefined, password: string): CipherKey {
  if (type !== oids.pbeSha1TripleDes) {
    throw new UnreadablePfx('The PKCS#12 content is encrypted by an algorithm that the stand does not know (RC2?).');
  }
  const [salt, iterations] = items(parameters);
  const common = { password, salt: octetsOf(salt), iterations: numberOf(iterations), hash: '1.3.14.3.2.26' };
  return {
    name: 'des-ede3-cbc',
    key: deriveKey({ ...common, purpose: 1, length: 24 }),
    iv: deriveKey({ ...common, purpose: 2, length: 8 }),
  };
}

function isIntact(safe: Buffer, mac: Der, password: string): boolean {
  const [digest, salt, iterations] = items(mac);
  const [algorithm, expected] = items(digest);
  const hash = oidOf(items(algorithm)[0]);
  const rounds = iterations === undefined ? 1 : numberOf(iterations);
  const key = deriveMacKey({ password, salt: octetsOf(salt), iterations: rounds, hash });
  const made = createHmac(hashes[hash]?.name ?? 'sha1', key)
    .update(safe)
    .digest();
  const wanted = octetsOf(expected);
  return made.length === wanted.length && timingSafeEqual(made, wanted);
}

function items(block: Der | undefined): Der[] {
  if (!(block instanceof asn1.Constructed)) throw new UnreadablePfx('The PKCS#12 content is not as RFC 7292 has it.');
  return block.valueBlock.value as Der[];
}

/** Content of an OCTET STRING, also of one that stands in pieces or under an implicit tag. */
function octetsOf(block: Der | undefined): Buffer {
  if (block instanceof asn1.OctetString) return Buffer.from(block.getValue());
  if (block instanceof asn1.Primitive) return Buffer.from(block.valueBlock.valueHexView);
  return Buffer.concat(items(block).map(octetsOf));
}

function oidOf(block: Der | undefined): string {
  return block instanceof asn1.ObjectIdentifier ? block.getValue() : '';
}

function numberOf(block: Der | undefined): number {
  return block instanceof asn1.Integer ? block.valueBlock.valueDec : 0;
}

const encodeOf = (block: Der | undefined): Buffer => (block === undefined ? Buffer.alloc(0) : encode(block));
