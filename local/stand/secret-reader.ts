import type { SecretRead } from '../arm/app-service-types.ts';
import type { VaultEmulator } from '../vault/vault.ts';
import { callVault } from './vault-call.ts';

/** Reads secrets by the vaults' own protocol, with the token of whoever reads: App Service's resource provider here. */
export function readSecretAs(vaults: readonly VaultEmulator[], token: () => string) {
  return async (vaultResourceId: string, secretName: string): Promise<SecretRead> => {
    const vault = vaults.find(({ resourceId }) => resourceId.toLowerCase() === vaultResourceId.toLowerCase());
    if (vault === undefined) return { state: 'vault-unknown' };
    const path = `/secrets/${encodeURIComponent(secretName)}/`;
    const { status, body } = await callVault(vault, { method: 'GET', path, token: token() });
    if (status === 401 || status === 403) return { state: 'forbidden' };
    if (status !== 200) return { state: 'secret-unknown' };
    const { value, contentType, id } = body as Record<'value' | 'contentType' | 'id', string>;
    return { state: 'ok', value, contentType, version: id.split('/').at(-1) ?? '' };
  };
}
