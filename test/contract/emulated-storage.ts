import type { TokenCredential } from '@azure/identity';
import { type Azurite, azuriteAccount, startAzurite } from '../../local/azurite.ts';
import { createIdentity, type Identity } from '../../local/identity/identity.ts';
import { createStorageFront } from '../../local/storage/front.ts';
import { storageAudience } from '../../local/storage/refusals.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import { createStorage, type Storage } from '../../src/estate/storage.ts';

/** Storage as Azure has it: behind TLS, by tokens and roles. */
export interface EmulatedStorage {
  readonly azurite: Azurite;
  readonly identity: Identity;
  readonly urls: { readonly blob: string; readonly table: string };
  /** Trusts the fronts. */
  readonly tls: { readonly ca: string };
  /** The clients of a principal that is given `actions` on the whole account; each is a new principal. */
  as(...actions: readonly string[]): Storage;
  /** A credential of that principal for `audience`. */
  credential(actions: readonly string[], audience?: string): TokenCredential;
  close(): Promise<void>;
}

const ACCOUNT = `/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/${azuriteAccount.name}`;

export async function startEmulatedStorage(): Promise<EmulatedStorage> {
  const tenantId = '11111111-2222-3333-4444-555555555555';
  const identity = createIdentity({ tenantId });
  const ca = createTransportCa();
  const azurite = await startAzurite();
  const mount = async (service: 'blob' | 'table') => {
    const behind = async (): Promise<string> => azurite.urls[service];
    const options = { service, account: azuriteAccount, resourceId: ACCOUNT, access: identity, tenantId, behind };
    const front = createStorageFront(options);
    const listener = await serveEmulator(front, { port: 0, tls: ca.issue() });
    return { url: `${listener.url}/${azuriteAccount.name}`, close: () => listener.close().finally(() => front.stop()) };
  };
  const [blob, table] = await Promise.all([mount('blob'), mount('table')]);
  const tls = { ca: ca.caPem };
  const credential = credentialsOf(identity);
  return {
    ...{ azurite, identity, tls, credential, urls: { blob: blob.url, table: table.url } },
    as: (...actions) =>
      createStorage({
        ...{ tableEndpoint: table.url, blobEndpoint: blob.url, credential: credential(actions), tls },
      }),
    close: async () => {
      await Promise.all([blob.close(), table.close()]);
      await azurite.stop();
    },
  };
}

function credentialsOf(identity: Identity): EmulatedStorage['credential'] {
  let count = 0;
  return (actions, audience = storageAudience) => {
    count += 1;
    const name = `principal-${count}`;
    const principal = identity.addPrincipal({ name, clientId: `${name}-client`, objectId: `${name}-object` });
    identity.assign(principal.id, { actions, scope: ACCOUNT });
    return {
      getToken: async () => ({
        token: identity.issueToken(principal, audience),
        expiresOnTimestamp: Date.now() + 3_000_000,
      }),
    };
  };
}
