import { z } from 'zod';
import { sameId } from '../../../azure/arm-id.ts';
import type { Found, KindLook, Reference, Shown } from '../found.ts';
import { lastName, maybe, one, parentId, placeOf } from '../shown.ts';

/**
 * The pointer and how it fares; the secret itself is in no answer of this call.
 * https://learn.microsoft.com/rest/api/appservice/web-apps/get-app-settings-key-vault-references
 */
const referenceShape = z.looseObject({
  properties: z.looseObject({
    reference: maybe,
    vaultName: maybe,
    secretName: maybe,
    secretVersion: maybe,
    status: maybe,
  }),
});
type Properties = z.output<typeof referenceShape>['properties'];

const POINTER = /^@Microsoft\.KeyVault\((.*)\)$/i;
const VAULT_NAME = /^[0-9a-z-]{3,24}$/i;
const SECRET_NAME = /^[0-9a-z-]{1,127}$/i;
const SECRET_VERSION = /^[0-9a-f]{32}$/i;

/**
 * Settings of sites and slots, Functions too, whose value is a reference to a vault. Resource Graph has no settings, and only a
 * site with an identity can follow a reference: these are asked for, one call each. Other settings are not in the answer.
 */
export const appSettings: KindLook<'sites'> = {
  kind: 'app-settings',
  queries: {
    sites: `resources
| where type in~ ('microsoft.web/sites', 'microsoft.web/sites/slots') and isnotempty(tostring(identity.type)) and tostring(identity.type) !~ 'None'
| project id, location, tags, identity
| order by id asc`,
  },
  listed: { under: 'sites', collection: 'config/configreferences/appsettings', most: 1000 },
  read: (rows, complain) =>
    rows.listed.flatMap((shown): Found[] => {
      const properties = one(referenceShape, shown, complain)?.properties;
      if (properties === undefined) return [];
      const reference = referenceOf(properties);
      const id = siteOf(shown);
      // App Service calls a pointer that it cannot read itself so.
      if (reference === undefined && properties.status === 'InvalidSyntax') return [];
      if (reference === undefined) {
        complain(`${shown.id} cannot be read: reference`);
        return [];
      }
      const site = rows.sites.find((row) => sameId(row.id, id));
      return [
        {
          ...{ kind: 'app-settings', resourceId: site?.id ?? id, ...(site && placeOf(site)), reference },
          detail: detailOf(lastName(shown.id), properties.status),
          isAnySecret: true,
        },
      ];
    }),
};

/** `{site}/config/configreferences/appsettings/{setting}` */
function siteOf({ id }: Shown): string {
  return parentId(parentId(id));
}

function detailOf(setting: string, status: string | undefined): string {
  if (status === undefined || status === 'Resolved' || !/^\w{1,40}$/.test(status)) return `app setting ${setting}`;
  return `app setting ${setting}, ${status}`;
}

/** As it stands in the setting; where that is not told, as App Service has read it. */
function referenceOf({ reference = '', vaultName, secretName, secretVersion }: Properties): Reference | undefined {
  const [, inside] = POINTER.exec(reference.trim()) ?? [];
  if (inside === undefined) return named({ vaultName, secretName, secretVersion });
  const parts = new Map(
    inside.split(';').map((part) => {
      const [name = '', ...value] = part.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim()] as const;
    }),
  );
  const url = parts.get('secreturi');
  if (url !== undefined) return { by: 'secret-url', url };
  const read = { vaultName: parts.get('vaultname'), secretName: parts.get('secretname') };
  return named({ ...read, secretVersion: parts.get('secretversion') });
}

function named({
  vaultName = '',
  secretName = '',
  secretVersion,
}: Pick<Properties, 'vaultName' | 'secretName' | 'secretVersion'>): Reference | undefined {
  if (!VAULT_NAME.test(vaultName) || !SECRET_NAME.test(secretName)) return undefined;
  if (secretVersion === undefined || secretVersion === '') return { by: 'vault-name', vaultName, name: secretName };
  if (!SECRET_VERSION.test(secretVersion)) return undefined;
  return { by: 'vault-name', vaultName, name: secretName, version: secretVersion.toLowerCase() };
}
