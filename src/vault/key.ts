import { type JsonWebKey, KeyClient } from '@azure/keyvault-keys';
import { RenewalError } from '../errors.ts';
import { attempt, clientOptions, type VaultConnection, vaultUrl } from './connection.ts';
import { fresh } from './fresh.ts';
import type { KeyVersion, PublicJwk, VaultKey } from './port.ts';
import { createRemoteKey } from './remote-key.ts';

export interface VaultKeyOptions extends VaultConnection {
  /** `{vault}/keys/{name}`. */
  readonly keyId: string;
}

/** A key of Key Vault by its id, with its public half. Azure: Get Key, Sign. */
export function createVaultKey(options: VaultKeyOptions): VaultKey {
  const { vault, name } = identify(options.keyId);
  const client = new KeyClient(vault, options.credential, clientOptions(options, vault));
  const read = async (version?: string): Promise<KeyVersion> => {
    const { id, key } = await attempt(options, { action: 'read key', vault, name }, (abortSignal) =>
      client.getKey(name, { abortSignal, ...(version !== undefined && { version }) }),
    );
    const jwk = publicJwk(key);
    if (id === undefined || jwk === undefined) {
      throw new RenewalError('vault-refused', `key-vault: not an EC or RSA key: vault=${vault}, name=${name}`);
    }
    return { id, jwk, sign: createRemoteKey({ id, vault }, options).sign };
  };
  return {
    newest: fresh(options.clock, () => read()),
    version(id) {
      const [, version = ''] = id.split(`/keys/${name}/`);
      if (/^[0-9a-f]{32}$/.test(version)) return read(version);
      throw new RenewalError('vault-refused', `key-vault: not a version of the key: vault=${vault}, name=${name}`);
    },
  };
}

function publicJwk(key: JsonWebKey | undefined): PublicJwk | undefined {
  const { kty = '', crv, x, y, n, e } = key ?? {};
  if (kty.startsWith('RSA') && n && e) return { kty: 'RSA', n: base64url(n), e: base64url(e) };
  if (!kty.startsWith('EC') || !x || !y) return undefined;
  if (crv !== 'P-256' && crv !== 'P-384' && crv !== 'P-521') return undefined;
  return { kty: 'EC', crv, x: base64url(x), y: base64url(y) };
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function identify(keyId: string): { readonly vault: string; readonly name: string } {
  const [, vault = '', name = ''] = /^(https:\/\/[^/]+)\/keys\/([0-9a-zA-Z-]{1,127})$/.exec(keyId) ?? [];
  if (name !== '') return { vault: vaultUrl(vault), name };
  const shown = JSON.stringify(keyId.slice(0, 200));
  throw new RenewalError('vault-refused', `key-vault: not the id of a key without its version: id=${shown}`);
}
