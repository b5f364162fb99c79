import { CryptographyClient, type KeyVaultKey, parseKeyVaultKeyIdentifier } from '@azure/keyvault-keys';
import { attempt, clientOptions, type VaultConnection } from './connection.ts';
import type { SigningAlgorithm } from './port.ts';

/** A version of a key that signs in its vault. */
export interface RemoteKey {
  /** Azure: keys/sign. `digest` is hashed already. */
  sign(algorithm: SigningAlgorithm, digest: Uint8Array): Promise<Uint8Array>;
}

/**
 * `id` is that of a version, `{vault}/keys/{name}/{version}`, as `vault` answered it: a key of another vault signs nothing,
 * and hears nothing.
 */
export function createRemoteKey(
  { id, vault }: { readonly id: string; readonly vault: string },
  connection: VaultConnection,
): RemoteKey {
  const { name } = parseKeyVaultKeyIdentifier(id);
  const client = new CryptographyClient(remoteKey(id), connection.credential, clientOptions(connection, vault));
  const goes = firstAlone();
  return {
    sign: (algorithm, digest) =>
      goes(() =>
        attempt(connection, { action: 'sign', vault, name }, async (abortSignal) => {
          return (await client.sign(algorithm, digest, { abortSignal })).result;
        }),
      ),
  };
}

/**
 * The client authenticates by sending its first request without a body. When a second one is under way at the same time,
 * the first may be repeated without its body as well: so the first one goes alone.
 */
function firstAlone(): <T>(call: () => Promise<T>) => Promise<T> {
  let first: Promise<boolean> | undefined;
  return async (call) => {
    while (first !== undefined) {
      if (await first) return await call();
    }
    const answer = call();
    first = answer.then(
      () => true,
      () => {
        first = undefined;
        return false;
      },
    );
    return await answer;
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
