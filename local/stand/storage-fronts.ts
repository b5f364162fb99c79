import { type Azurite, azuriteAccount } from '../azurite.ts';
import type { Identity } from '../identity/identity.ts';
import { createStorageFront } from '../storage/front.ts';
import { type Ground, portOffsets } from './ground.ts';

/** Endpoints as an app setting names them: the account is in the path, because there are no names by account here. */
export interface StorageEndpoints {
  readonly blobs: string;
  readonly tables: string;
}

/** Puts a front before the blobs and one before the tables. Azurite may still be on its way. */
export async function mountStorageFronts(
  ground: Ground,
  options: { readonly identity: Identity; readonly azurite: Promise<Azurite>; readonly resourceId: string },
): Promise<StorageEndpoints> {
  const { identity, azurite, resourceId } = options;
  const mount = async (service: 'blob' | 'table'): Promise<string> => {
    const front = createStorageFront({
      ...{ service, resourceId, access: identity, tenantId: identity.tenantId, account: azuriteAccount },
      behind: async () => (await azurite).urls[service],
    });
    ground.onStop(() => front.stop());
    const { url } = await ground.mount(front, {
      ...{ offset: portOffsets[`${service}Front`], name: `${service}s`, family: service },
    });
    return `${url}/${azuriteAccount.name}`;
  };
  return { blobs: await mount('blob'), tables: await mount('table') };
}
