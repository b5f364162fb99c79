import { CertificateClient } from '@azure/keyvault-certificates';
import { RenewalError } from '../errors.ts';
import { attempt, clientOptions, type VaultConnection, vaultUrl } from './connection.ts';
import { fresh } from './fresh.ts';
import type { CertificateRef, VaultSigner } from './port.ts';
import { createRemoteKey, type RemoteKey } from './remote-key.ts';

export interface VaultSignerOptions extends VaultConnection {
  /** `{vault}/certificates/{name}`: its newest version signs. */
  readonly certificateId: string;
}

/** A certificate and the key of the same version, as last read. */
interface SigningVersion {
  readonly certificate: string;
  readonly key: RemoteKey;
}

/** Signs with the key of a Key Vault certificate: digests go in, signatures come out. */
export function createVaultSigner(options: VaultSignerOptions): VaultSigner {
  const ca = identify(options.certificateId);
  const certificates = new CertificateClient(ca.vault, options.credential, clientOptions(options, ca.vault));
  const newest = fresh(options.clock, () => readVersion(certificates, ca, options));
  return {
    certificate: async () => (await newest()).certificate,
    sign: async (algorithm, digest) => (await newest()).key.sign(algorithm, digest),
  };
}

async function readVersion(
  certificates: CertificateClient,
  { vault, name }: CertificateRef,
  options: VaultSignerOptions,
): Promise<SigningVersion> {
  const { cer, keyId } = await attempt(options, { action: 'read CA certificate', vault, name }, (abortSignal) =>
    certificates.getCertificate(name, { abortSignal }),
  );
  if (cer === undefined || keyId === undefined) {
    throw new RenewalError('vault-refused', `key-vault: the CA has no finished version: vault=${vault}, name=${name}`);
  }
  return {
    certificate: Buffer.from(cer).toString('base64'),
    key: createRemoteKey({ id: keyId, vault }, options),
  };
}

function identify(certificateId: string): CertificateRef {
  const [, vault = '', name = ''] =
    /^(https:\/\/[^/]+)\/certificates\/([0-9a-zA-Z-]{1,127})$/.exec(certificateId) ?? [];
  if (name !== '') return { vault: vaultUrl(vault), name };
  const shown = JSON.stringify(certificateId.slice(0, 200));
  throw new RenewalError('vault-refused', `key-vault: not the id of a certificate without its version: id=${shown}`);
}
