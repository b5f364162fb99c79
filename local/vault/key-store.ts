import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Call, VaultContext } from './call.ts';
import { findVersion } from './certificates.ts';
import { nameInUse, notFound } from './errors.ts';
import { managedKey } from './managed.ts';
import type { KeyVersion } from './records.ts';
import { currentVersion } from './state.ts';

export interface FoundKey {
  readonly name: string;
  readonly version: KeyVersion;
}

/** The key that a path names: a certificate's, or one that stands alone. Throws Azure's 404. */
export function requireKey(call: Call): FoundKey {
  const { vault, name, version } = call;
  const record = vault.state.find(name);
  const ofCertificate = record && findVersion(record, version);
  if (record !== undefined && ofCertificate !== undefined) {
    return { name: record.name, version: managedKey(ofCertificate) };
  }
  const stored = vault.state.keys.get(name);
  const found =
    version === '' ? stored?.versions.at(-1) : stored?.versions.find(({ id }) => id === version.toLowerCase());
  if (stored === undefined || found === undefined) throw notFound('key', version === '' ? name : `${name}/${version}`);
  return { name: stored.name, version: found };
}

/** The newest version of every key. */
export function newestKeys({ state }: VaultContext): readonly FoundKey[] {
  const ofCertificates = state.all().flatMap((record) => {
    const version = currentVersion(record);
    return version === undefined ? [] : [{ name: record.name, version: managedKey(version) }];
  });
  const alone = state.keys.all().flatMap(({ name, versions }) => {
    const version = versions.at(-1);
    return version === undefined ? [] : [{ name, version }];
  });
  return [...ofCertificates, ...alone];
}

/** All versions of one key; none when there is no such key. */
export function keyVersions({ vault: { state }, name }: Call): readonly FoundKey[] {
  const record = state.find(name);
  if (record !== undefined) return record.versions.map((one) => ({ name: record.name, version: managedKey(one) }));
  const stored = state.keys.get(name);
  return (stored?.versions ?? []).map((version) => ({ name: stored?.name ?? name, version }));
}

/** Adds a version to a key that stands alone. The name must not be a certificate's. */
export function addKeyVersion(vault: VaultContext, name: string, version: KeyVersion): FoundKey {
  vault.state.assertNameIsFree(name, vault.now());
  if (vault.state.find(name) !== undefined) throw nameInUse('key', name, 'certificate');
  const stored = vault.state.keys.get(name) ?? { name, versions: [] };
  stored.versions.push(version);
  vault.state.keys.set(name, stored);
  return { name: stored.name, version };
}

/** The public half, in the names of the wire. */
export function publicJwk(key: KeyObject): object {
  const { kty: _, crv, ...numbers } = createPublicKey(key).export({ format: 'jwk' });
  return crv === undefined ? numbers : { crv: crv === 'secp256k1' ? 'P-256K' : crv, ...numbers };
}
