import { CertificateClient, type CertificateProperties, type KeyVaultCertificate } from '@azure/keyvault-certificates';
import { RenewalError } from '../errors.ts';
import { createRecent } from '../recent.ts';
import { attempt, clientOptions, type VaultConnection, vaultUrl } from './connection.ts';
import { fresh } from './fresh.ts';
import type { CertificateRef, SigningVersion, VaultSigner } from './port.ts';
import { createRemoteKey } from './remote-key.ts';

export interface VaultSignerOptions extends VaultConnection {
  /** `{vault}/certificates/{name}`. */
  readonly certificateId: string;
}

/** A CA has few versions, of about 2 kB each, and what a version holds never changes. */
const REMEMBERED = 20;

/** Signs with the key of a Key Vault certificate: digests go in, signatures come out. */
export function createVaultSigner(options: VaultSignerOptions): VaultSigner {
  const ca = identify(options.certificateId);
  const client = new CertificateClient(ca.vault, options.credential, clientOptions(options, ca.vault));
  const source: Source = { ...options, ...ca, client };
  const known = createRecent<SigningVersion>(REMEMBERED);
  const version = async (id: string): Promise<SigningVersion> => {
    const found = known.get(id) ?? signingVersion(await readVersion(source, id), source);
    known.set(id, found);
    return found;
  };
  return {
    current: fresh(options.clock, async () => {
      const newest = await readNewest(source);
      if (isUsable(newest.properties, options.clock.now())) return signingVersion(newest, source);
      const [usable] = (await listVersions(source)).filter((one) => isUsable(one, options.clock.now()));
      return usable?.version === undefined ? signingVersion(newest, source) : await version(usable.version);
    }),
    version,
    async versions() {
      const lasting = (await listVersions(source)).filter((one) => !isPast(one, options.clock.now()));
      return await Promise.all(lasting.flatMap((one) => (one.version === undefined ? [] : [version(one.version)])));
    },
  };
}

interface Source extends VaultConnection, CertificateRef {
  readonly client: CertificateClient;
}

function readNewest({ client, vault, name, ...connection }: Source): Promise<KeyVaultCertificate> {
  return attempt(connection, { action: 'read CA certificate', vault, name }, (abortSignal) =>
    client.getCertificate(name, { abortSignal }),
  );
}

function readVersion({ client, vault, name, ...connection }: Source, version: string): Promise<KeyVaultCertificate> {
  if (!/^[0-9a-f]{32}$/.test(version)) {
    throw new RenewalError('vault-refused', `key-vault: not a version of the CA: vault=${vault}, name=${name}`);
  }
  return attempt(connection, { action: 'read CA version', vault, name }, (abortSignal) =>
    client.getCertificateVersion(name, version, { abortSignal }),
  );
}

/** Newest first. A CA is replaced once in years: all its versions are one page. */
function listVersions({ client, vault, name, ...connection }: Source): Promise<readonly CertificateProperties[]> {
  return attempt(connection, { action: 'list CA versions', vault, name }, async (abortSignal) => {
    const found: CertificateProperties[] = [];
    for await (const one of client.listPropertiesOfCertificateVersions(name, { abortSignal })) found.push(one);
    return found.sort((a, b) => (b.createdOn?.getTime() ?? 0) - (a.createdOn?.getTime() ?? 0));
  });
}

function isUsable(properties: CertificateProperties, now: Date): boolean {
  return !isPast(properties, now) && (properties.notBefore === undefined || properties.notBefore <= now);
}

function isPast({ enabled, expiresOn }: CertificateProperties, now: Date): boolean {
  return enabled === false || (expiresOn !== undefined && expiresOn <= now);
}

function signingVersion({ cer, keyId, properties }: KeyVaultCertificate, source: Source): SigningVersion {
  const { vault, name } = source;
  if (cer === undefined || keyId === undefined || properties.version === undefined) {
    throw new RenewalError('vault-refused', `key-vault: the CA has no finished version: vault=${vault}, name=${name}`);
  }
  return {
    version: properties.version,
    certificate: Buffer.from(cer).toString('base64'),
    sign: createRemoteKey({ id: keyId, vault }, source).sign,
  };
}

function identify(certificateId: string): CertificateRef {
  const [, vault = '', name = ''] =
    /^(https:\/\/[^/]+)\/certificates\/([0-9a-zA-Z-]{1,127})$/.exec(certificateId) ?? [];
  if (name !== '') return { vault: vaultUrl(vault), name };
  const shown = JSON.stringify(certificateId.slice(0, 200));
  throw new RenewalError('vault-refused', `key-vault: not the id of a certificate without its version: id=${shown}`);
}
