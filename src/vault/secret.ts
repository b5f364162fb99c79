import { SecretClient } from '@azure/keyvault-secrets';
import { RenewalError } from '../errors.ts';
import { attempt, clientOptions, type VaultConnection, vaultUrl } from './connection.ts';

/** Reads a credential with which we show an issuer who we are. Azure: Get Secret. Its value is in no message. */
export type SecretReader = (id: string) => Promise<string>;

/** `id` is `{vault}/secrets/{name}`; the newest version is read each time, so that a rotated one is found. */
export function createSecretReader(connection: VaultConnection): SecretReader {
  return async (id) => {
    const [, host = '', name = ''] = /^(https:\/\/[^/]+)\/secrets\/([0-9a-zA-Z-]{1,127})$/.exec(id) ?? [];
    if (name === '') {
      const shown = JSON.stringify(id.slice(0, 200));
      throw new RenewalError('vault-refused', `key-vault: not the id of a secret without its version: id=${shown}`);
    }
    const vault = vaultUrl(host);
    const client = new SecretClient(vault, connection.credential, clientOptions(connection, vault));
    const { value } = await attempt(connection, { action: 'read secret', vault, name }, (abortSignal) =>
      client.getSecret(name, { abortSignal }),
    );
    if (value !== undefined && value !== '') return value;
    throw new RenewalError('vault-refused', `key-vault: the secret is empty: vault=${vault}, name=${name}`);
  };
}
