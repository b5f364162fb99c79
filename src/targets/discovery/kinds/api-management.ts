import { z } from 'zod';
import type { Found, KindLook, Reference } from '../found.ts';
import { each, maybe, one, placeOf, thumbprint } from '../shown.ts';

const serviceShape = z.looseObject({ hostNames: z.unknown().optional() });
const hostShape = z.looseObject({
  type: maybe,
  hostName: z.string().min(1).max(255),
  keyVaultId: maybe,
  certificate: z.looseObject({ thumbprint }).nullish(),
});

/** Host names of a service; the certificates with which it calls backends are in no table of Resource Graph. */
export const apiManagement: KindLook<'services'> = {
  kind: 'api-management',
  queries: {
    services: `resources
| where type =~ 'microsoft.apimanagement/service'
| project id, location, tags, identity, hostNames = properties.hostnameConfigurations
| order by id asc`,
  },
  read: (rows, complain) =>
    rows.services.flatMap((service) =>
      each(hostShape, one(serviceShape, service, complain)?.hostNames, complain).flatMap((entry): Found[] => {
        const host = entry.hostName.toLowerCase();
        const reference = referenceOf(entry);
        const detail = `${entry.type ?? 'Proxy'} host name`;
        if (reference === undefined) return [];
        return [{ kind: 'api-management', resourceId: service.id, detail, host, reference, ...placeOf(service) }];
      }),
    ),
};

function referenceOf({ hostName, keyVaultId, certificate }: z.output<typeof hostShape>): Reference | undefined {
  if (keyVaultId !== undefined) return { by: 'secret-url', url: keyVaultId };
  if (certificate === undefined || certificate === null) return undefined;
  return { by: 'upload', thumbprint: certificate.thumbprint, names: [hostName.toLowerCase()] };
}
