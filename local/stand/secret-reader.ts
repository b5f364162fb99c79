import type { SecretRead } from '../arm/app-service-types.ts';
import type { VaultEmulator } from '../vault/vault.ts';

/** Reads secrets by the vaults' own protocol, with the token of whoever reads: App Service's resource provider here. */
export function readSecretAs(vaults: readonly VaultEmulator[], token: () => string) {
  return async (vaultResourceId: string, secretName: string): Promise<SecretRead> => {
    const vault = vaults.find(({ resourceId }) => resourceId.toLowerCase() === vaultResourceId.toLowerCase());
    if (vault === undefined) return { state: 'vault-unknown' };
    const response = await vault.handle({
      method: 'GET',
      url: new URL(`${vault.uri}/secrets/${encodeURIComponent(secretName)}/?api-version=7.5`),
      headers: { authorization: `Bearer ${token()}` },
      body: new Uint8Array(),
    });
    if (response.status === 401 || response.status === 403) return { state: 'forbidden' };
    if (response.status !== 200) return { state: 'secret-unknown' };
    const { value, contentType, id } = JSON.parse(String(response.body)) as Record<
      'value' | 'contentType' | 'id',
      string
    >;
    return { state: 'ok', value, contentType, version: id.split('/').at(-1) ?? '' };
  };
}
