import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { signDigest } from '../../local/vault/sign.ts';
import type { KeyVersion, PublicJwk, VaultKey } from '../../src/vault/port.ts';

/** A key with versions, as a vault has it, in memory. */
export interface MemoryKey extends VaultKey {
  readonly id: string;
  /** A new version becomes the newest. */
  rotate(): void;
}

export type MemoryKeyKind = 'P-256' | 'P-384' | 'P-521' | 'RSA-2048';

export function createMemoryKey(kind: MemoryKeyKind = 'P-256'): MemoryKey {
  const id = 'https://kv-credentials.vault.azure.net/keys/acme';
  const versions: KeyVersion[] = [];
  const rotate = (): void => {
    const version = String(versions.length + 1).padStart(32, '0');
    versions.push(versionOf(`${id}/${version}`, pairOf(kind)));
  };
  rotate();
  const found = (version: KeyVersion | undefined): KeyVersion => {
    if (version === undefined) throw new TypeError('no such version');
    return version;
  };
  return {
    id,
    rotate,
    newest: async () => found(versions.at(-1)),
    version: async (wanted) => found(versions.find((one) => one.id === wanted)),
  };
}

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function pairOf(kind: MemoryKeyKind): Pair {
  if (kind === 'RSA-2048') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: kind });
}

function versionOf(id: string, { privateKey, publicKey }: Pair): KeyVersion {
  return {
    id,
    jwk: publicKey.export({ format: 'jwk' }) as PublicJwk,
    async sign(algorithm, digest) {
      const signed = signDigest(algorithm, Buffer.from(digest), privateKey);
      if (signed.state !== 'signed') throw new TypeError(signed.state);
      return signed.signature;
    },
  };
}
