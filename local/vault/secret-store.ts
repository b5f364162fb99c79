import type { Call, VaultContext } from './call.ts';
import { findVersion } from './certificates.ts';
import { nameInUse, notFound } from './errors.ts';
import { managedSecret } from './managed.ts';
import type { SecretVersion, Version } from './records.ts';
import { validity } from './shapes.ts';
import { currentVersion } from './state.ts';

export interface FoundSecret {
  readonly name: string;
  readonly version: SecretVersion;
}

/** The secret that a path names: a certificate's, or one that stands alone. Throws Azure's 404. */
export function requireSecret({ vault, name, version }: Call): FoundSecret {
  const record = vault.state.find(name);
  const ofCertificate = record && findVersion(record, version);
  if (record !== undefined && ofCertificate !== undefined) return ofVersion(vault, record.name, ofCertificate);
  const stored = vault.state.secrets.get(name);
  const found =
    version === '' ? stored?.versions.at(-1) : stored?.versions.find(({ id }) => id === version.toLowerCase());
  if (stored === undefined || found === undefined) {
    throw notFound('secret', version === '' ? name : `${name}/${version}`);
  }
  return { name: stored.name, version: found };
}

/** The newest version of every secret. */
export function newestSecrets(vault: VaultContext): readonly FoundSecret[] {
  const { state } = vault;
  const ofCertificates = state.all().flatMap((record) => {
    const version = currentVersion(record);
    return version === undefined ? [] : [ofVersion(vault, record.name, version)];
  });
  const alone = state.secrets.all().flatMap(({ name, versions }) => {
    const version = versions.at(-1);
    return version === undefined ? [] : [{ name, version }];
  });
  return [...ofCertificates, ...alone];
}

/** All versions of one secret; none when there is no such secret. */
export function secretVersions({ vault, name }: Call): readonly FoundSecret[] {
  const { state } = vault;
  const record = state.find(name);
  if (record !== undefined) return record.versions.map((version) => ofVersion(vault, record.name, version));
  const stored = state.secrets.get(name);
  return (stored?.versions ?? []).map((version) => ({ name: stored?.name ?? name, version }));
}

/** Adds a version to a secret that stands alone. The name must not be a certificate's. */
export function addSecretVersion(vault: VaultContext, name: string, version: SecretVersion): FoundSecret {
  vault.state.assertNameIsFree(name, vault.now());
  if (vault.state.find(name) !== undefined) throw nameInUse('secret', name, 'certificate');
  const stored = vault.state.secrets.get(name) ?? { name, versions: [] };
  stored.versions.push(version);
  vault.state.secrets.set(name, stored);
  return { name: stored.name, version };
}

function ofVersion(vault: VaultContext, name: string, version: Version): FoundSecret {
  const { id, enabled, created, updated, tags } = version;
  const value = (): string => {
    version.secret ??= managedSecret(version, vault);
    return version.secret;
  };
  const { contentType } = version.policy.secret_props;
  return {
    name,
    version: { id, value, contentType, enabled, ...validity(version), created, updated, tags, managed: true },
  };
}
