import { z } from 'zod';
import type { Complain, Found, KindLook, Shown } from '../found.ts';
import { each, maybe, one, placeOf } from '../shown.ts';
import { detailOf, guestEntry, observedOf, profileSecretsOf } from './observed.ts';

const setShape = z.looseObject({ extensions: z.unknown().optional(), secrets: z.unknown().optional() });
const KEY_VAULT = 'microsoft.azure.keyvault';
const extensionShape = z.looseObject({
  name: maybe,
  properties: z.looseObject({ publisher: maybe, type: maybe, settings: z.unknown().optional() }),
});
const settingsShape = z.looseObject({
  secretsManagementSettings: z.looseObject({ observedCertificates: z.unknown().optional() }).nullish(),
});

/** The model of a scale set: its Key Vault extension, and what its machines are made with. */
export const scaleSet: KindLook<'sets'> = {
  kind: 'scale-set',
  queries: {
    sets: `resources
| where type =~ 'microsoft.compute/virtualmachinescalesets'
| project id, location, tags, identity, extensions = properties.virtualMachineProfile.extensionProfile.extensions, secrets = properties.virtualMachineProfile.osProfile.secrets
| order by id asc`,
  },
  read: (rows, complain) =>
    rows.sets.flatMap((set) => {
      const read = one(setShape, set, complain);
      const use = { kind: 'scale-set', resourceId: set.id, ...placeOf(set) } as const;
      return [
        ...ofExtensions(set, read?.extensions, complain),
        ...profileSecretsOf(read?.secrets, complain).map((observed) => ({
          ...use,
          reference: observed.reference,
          detail: detailOf('osProfile secret', observed),
        })),
      ];
    }),
};

/** Settings of other publishers' extensions are nobody's business: they are not even looked into. */
export function ofExtensions(
  { id, ...shown }: Shown,
  list: unknown,
  complain: Complain,
  kind: 'scale-set' | 'service-fabric' = 'scale-set',
): readonly Found[] {
  return each(extensionShape, list, complain)
    .filter(({ properties }) => properties.publisher?.toLowerCase() === KEY_VAULT)
    .flatMap(({ name, properties }) => {
      const settings = settingsShape.safeParse(properties.settings).data?.secretsManagementSettings;
      return observedOf(settings?.observedCertificates, complain).map((observed) => ({
        ...{ kind, resourceId: id, reference: observed.reference, ...placeOf({ id, ...shown }) },
        detail: detailOf(`extension ${name ?? 'without a name'}`, observed),
        ...(kind === 'scale-set' && { entry: guestEntry({ kind, scaleSet: id }, shown, properties.type) }),
      }));
    });
}
