import { z } from 'zod';
import { sameId } from '../../../azure/arm-id.ts';
import type { KindLook, Reference } from '../found.ts';
import { lastName, maybe, names, one, parentId, placeOf } from '../shown.ts';

const certificateShape = z.looseObject({
  url: maybe,
  thumbprint: maybe,
  subject: maybe,
  hostNames: names,
});

/** Certificates of environments. Which app binds which of them is left to the environment. */
export const containerApps: KindLook<'certificates' | 'environments'> = {
  kind: 'container-apps',
  queries: {
    certificates: `resources
| where type =~ 'microsoft.app/managedenvironments/certificates'
| project id, location, tags, url = tostring(properties.certificateKeyVaultProperties.keyVaultUrl), thumbprint = tostring(properties.thumbprint), hostNames = properties.subjectAlternativeNames
| order by id asc`,
    environments: `resources
| where type =~ 'microsoft.app/managedenvironments'
| project id, location, tags, identity
| order by id asc`,
  },
  read: (rows, complain) =>
    rows.certificates.flatMap((shown) => {
      const read = one(certificateShape, shown, complain);
      const reference = read === undefined ? undefined : referenceOf(read);
      if (reference === undefined) return [];
      const environment = rows.environments.find(({ id }) => sameId(id, parentId(shown.id)));
      const readers = environment?.identities ?? [];
      return [
        {
          ...{ kind: 'container-apps', resourceId: shown.id, reference, ...placeOf(shown) },
          ...(readers.length > 0 && { readers }),
          detail: `certificate ${lastName(shown.id)} of the environment`,
        } as const,
      ];
    }),
};

function referenceOf({ url, thumbprint, hostNames }: z.output<typeof certificateShape>): Reference | undefined {
  if (url !== undefined) return { by: 'secret-url', url };
  if (thumbprint === undefined || !/^[0-9A-Fa-f]{40}$/.test(thumbprint)) return undefined;
  return { by: 'upload', thumbprint: thumbprint.toUpperCase(), names: hostNames };
}
