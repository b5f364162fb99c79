import type { Identity } from '../identity/identity.ts';
import { managedIdentityPath } from '../identity/identity.ts';
import type { VaultEmulator } from '../vault/vault.ts';
import type { Ground } from './ground.ts';
import type { Principals } from './principals.ts';

export interface Who {
  readonly identity: Identity;
  readonly principals: Principals;
}

/** The request that answers with a token for whoever may do everything in the vaults. */
export function tokenFor({ urls }: Pick<Ground, 'urls'>, { identity, principals }: Who, audience: string) {
  const query = `api-version=2019-08-01&resource=${audience}&client_id=${principals.operator.clientId}`;
  return {
    url: `${urls.identity}${managedIdentityPath}?${query}`,
    headers: { 'X-IDENTITY-HEADER': identity.secret },
    field: 'access_token',
  };
}

export function placeOf({ name, uri, resourceId }: VaultEmulator) {
  return { name, uri, resourceId };
}
