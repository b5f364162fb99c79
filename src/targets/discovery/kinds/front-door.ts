import { z } from 'zod';
import { sameId } from '../../../azure/arm-id.ts';
import type { KindLook, Reference } from '../found.ts';
import { lastName, maybe, one, parentId, placeOf } from '../shown.ts';

const secretShape = z.looseObject({
  properties: z.looseObject({
    parameters: z.looseObject({
      type: maybe,
      secretSource: z.looseObject({ id: z.string().max(2000) }).nullish(),
      useLatestVersion: z.boolean().nullish(),
      secretVersion: maybe,
    }),
  }),
});

/** `{vault}/secrets/{name}`, which may end in a version. */
const SOURCE = /^(.+\/vaults\/[a-z0-9-]{3,24})\/(?:secrets|certificates)\/([0-9a-z-]{1,127})(?:\/([0-9a-f]{32}))?$/i;

/** Secrets of Standard and Premium profiles: Resource Graph has no table of them. */
export const frontDoor: KindLook<'profiles'> = {
  kind: 'front-door',
  queries: {
    profiles: `resources
| where type =~ 'microsoft.cdn/profiles' and tostring(sku.name) endswith 'AzureFrontDoor'
| project id, location, tags, identity
| order by id asc`,
  },
  listed: { under: 'profiles', collection: 'secrets', most: 200 },
  read: (rows, complain) =>
    rows.listed.flatMap((shown) => {
      const parameters = one(secretShape, shown, complain)?.properties.parameters;
      if (parameters === undefined || parameters.type !== 'CustomerCertificate') return [];
      const reference = referenceOf(parameters);
      if (reference === undefined) {
        complain(`${shown.id} cannot be read: secretSource`);
        return [];
      }
      const profile = rows.profiles.find(({ id }) => sameId(id, parentId(shown.id)));
      const place = placeOf(profile ?? shown);
      return [
        {
          kind: 'front-door',
          resourceId: shown.id,
          detail: `secret ${lastName(shown.id)}`,
          reference,
          ...place,
        } as const,
      ];
    }),
};

function referenceOf({
  secretSource,
  useLatestVersion,
  secretVersion,
}: z.output<typeof secretShape>['properties']['parameters']): Reference | undefined {
  const [, vaultId, name, inId] = SOURCE.exec(secretSource?.id ?? '') ?? [];
  if (vaultId === undefined || name === undefined) return undefined;
  const version = secretVersion ?? inId;
  const isPinned = useLatestVersion !== true && version !== undefined;
  return { by: 'vault-id', vaultId, name, ...(isPinned && { version: version.toLowerCase() }) };
}
