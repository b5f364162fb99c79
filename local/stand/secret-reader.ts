import type { Principal } from '../access.ts';
import type { SecretRead } from '../arm/app-service-types.ts';
import { vaultAudience } from '../vault/challenge.ts';
import type { VaultEmulator } from '../vault/vault.ts';
import type { Cloud } from './cloud.ts';
import type { Seeded } from './scenarios.ts';
import { callVault } from './vault-call.ts';

/** Reads secrets by the vaults' own protocol, with the token of whoever reads: App Service's resource provider here. */
export function readSecretAs(vaults: readonly VaultEmulator[], token: () => string) {
  return async (vaultResourceId: string, secretName: string, version = ''): Promise<SecretRead> => {
    const vault = vaults.find(({ resourceId }) => resourceId.toLowerCase() === vaultResourceId.toLowerCase());
    if (vault === undefined) return { state: 'vault-unknown' };
    const path = `/secrets/${encodeURIComponent(secretName)}/${encodeURIComponent(version)}`;
    const { status, body } = await callVault(vault, { method: 'GET', path, token: token() });
    if (status === 401 || status === 403) return { state: 'forbidden' };
    if (status !== 200) return { state: 'secret-unknown' };
    const { value, contentType, id } = body as Record<'value' | 'contentType' | 'id', string>;
    return { state: 'ok', value, contentType, version: id.split('/').at(-1) ?? '' };
  };
}

/** Of the built-in role Key Vault Secrets User. */
const READ_SECRET = 'Microsoft.KeyVault/vaults/secrets/getSecret/action';

/**
 * Lets what a place reads its secrets with do so in the vaults of these certificates. Answers with how it reads
 * `https://{vault}/secrets/{name}`, or one version of it.
 */
export function letRead(
  cloud: Cloud,
  principal: Principal,
  certificates: readonly { readonly seeded: Pick<Seeded, 'vaultName'> }[],
): (url: string) => Promise<SecretRead> {
  const names = new Set(certificates.map(({ seeded }) => seeded.vaultName));
  for (const name of names)
    cloud.identity.assign(principal.id, { scope: cloud.vault(name).resourceId, actions: [READ_SECRET] });
  const read = readSecretAs(cloud.vaults, () => cloud.identity.issueToken(principal, vaultAudience));
  return async (url) => {
    const vault = cloud.vaults.find(({ uri }) => url.startsWith(`${uri}/secrets/`));
    if (vault === undefined) return { state: 'vault-unknown' };
    const [name = '', version] = url.slice(`${vault.uri}/secrets/`.length).split('/');
    return read(vault.resourceId, name, version);
  };
}
