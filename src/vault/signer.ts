import { CertificateClient } from '@azure/keyvault-certificates';
import { CryptographyClient, type KeyVaultKey, parseKeyVaultKeyIdentifier } from '@azure/keyvault-keys';
import { RenewalError } from '../errors.ts';
import { attempt, clientOptions, type VaultConnection, vaultUrl } from './connection.ts';
import type { CertificateRef, VaultSigner } from './port.ts';

export interface VaultSignerOptions extends VaultConnection {
  /** `{vault}/certificates/{name}`: its newest version signs. */
  readonly certificateId: string;
}

/** A certificate and the key of the same version, as last read. */
interface SigningVersion {
  readonly certificate: string;
  readonly client: CryptographyClient;
  /** The first signature with this client, whether it succeeded: the others wait for its end. */
  first?: Promise<boolean>;
}

/** A version is read again after this time: a new version of the CA's certificate is noticed then. */
const FRESH_MILLISECONDS = 5 * 60_000;

/** Signs with the key of a Key Vault certificate: digests go in, signatures come out. */
export function createVaultSigner(options: VaultSignerOptions): VaultSigner {
  const ca = identify(options.certificateId);
  const certificates = new CertificateClient(ca.vault, options.credential, clientOptions(options, ca.vault));
  let known: { readonly version: Promise<SigningVersion>; readonly readAt: number } | undefined;
  const newest = (): Promise<SigningVersion> => {
    const now = options.clock.now().getTime();
    if (known === undefined || now - known.readAt >= FRESH_MILLISECONDS) {
      const read = { version: readVersion(certificates, ca, options), readAt: now };
      known = read;
      read.version.catch(() => {
        if (known === read) known = undefined;
      });
    }
    return known.version;
  };
  return {
    certificate: async () => (await newest()).certificate,
    async sign(algorithm, digest) {
      const version = await newest();
      return await afterFirst(version, () =>
        attempt(options, { action: 'sign', ...ca }, async (abortSignal) => {
          return (await version.client.sign(algorithm, digest, { abortSignal })).result;
        }),
      );
    },
  };
}

/**
 * The client authenticates by sending its first request without a body. When a second one is under way at the same time,
 * the first may be repeated without its body as well: so the first signature goes alone.
 */
async function afterFirst<T>(version: SigningVersion, sign: () => Promise<T>): Promise<T> {
  while (version.first !== undefined) {
    if (await version.first) return await sign();
  }
  const signature = sign();
  version.first = signature.then(
    () => true,
    () => {
      delete version.first;
      return false;
    },
  );
  return await signature;
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
    client: new CryptographyClient(remoteKey(keyId), options.credential, clientOptions(options, vault)),
  };
}

/**
 * A key that is known by its id only. Given the id as a text the client would first read the key, which takes one more
 * role and one more call, and would hold its dates against the machine's clock instead of ours.
 */
function remoteKey(id: string): KeyVaultKey {
  const { vaultUrl, name, version } = parseKeyVaultKeyIdentifier(id);
  return { id, name, properties: { id, name, vaultUrl, ...(version !== undefined && { version }) } };
}

function identify(certificateId: string): CertificateRef {
  const [, vault = '', name = ''] =
    /^(https:\/\/[^/]+)\/certificates\/([0-9a-zA-Z-]{1,127})$/.exec(certificateId) ?? [];
  if (name !== '') return { vault: vaultUrl(vault), name };
  const shown = JSON.stringify(certificateId.slice(0, 200));
  throw new RenewalError('vault-refused', `key-vault: not the id of a certificate without its version: id=${shown}`);
}
