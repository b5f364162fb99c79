import { z } from 'zod';
import type { KindLook } from '../found.ts';
import { one, placeOf } from '../shown.ts';
import { detailOf, profileSecretsOf } from './observed.ts';
import { ofExtensions } from './scale-set.ts';

const nodeType = z.looseObject({
  properties: z.looseObject({ vmSecrets: z.unknown().optional(), vmExtensions: z.unknown().optional() }),
});

/** Node types of managed clusters: Resource Graph has no table of them. */
export const serviceFabric: KindLook<'clusters'> = {
  kind: 'service-fabric',
  queries: {
    clusters: `resources
| where type =~ 'microsoft.servicefabric/managedclusters'
| project id, location, tags
| order by id asc`,
  },
  listed: { under: 'clusters', collection: 'nodeTypes', most: 200 },
  read: (rows, complain) =>
    rows.listed.flatMap((shown) => {
      const properties = one(nodeType, shown, complain)?.properties;
      const use = { kind: 'service-fabric', resourceId: shown.id, ...placeOf(shown) } as const;
      return [
        ...profileSecretsOf(properties?.vmSecrets, complain).map((observed) => ({
          ...use,
          reference: observed.reference,
          detail: detailOf('vmSecrets', observed),
        })),
        ...ofExtensions(shown, properties?.vmExtensions, complain, 'service-fabric'),
      ];
    }),
};
