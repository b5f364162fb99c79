import { z } from 'zod';
import type { Complain, Reference, Shown } from '../found.ts';
import { each, maybe } from '../shown.ts';

const observed = z.union([
  z
    .string()
    .min(1)
    .max(2000)
    .transform((url) => ({ url, store: undefined })),
  z
    .looseObject({ url: z.string().min(1).max(2000), certificateStoreLocation: maybe, certificateStoreName: maybe })
    .transform(({ url, certificateStoreLocation: location, certificateStoreName: name }) => ({
      url,
      store: [location, name].filter((part) => part !== undefined).join('/') || undefined,
    })),
]);

/** One certificate that the Key Vault extension keeps on a machine. */
export interface Observed {
  readonly reference: Reference;
  /** Where it puts it: a folder, or a store of Windows. */
  readonly store?: string;
}

/** `observedCertificates` of the Key Vault extension: URLs in its older versions, objects since. */
export function observedOf(list: unknown, complain: Complain): readonly Observed[] {
  return each(observed, list, complain).map(({ url, store }) => ({
    reference: { by: 'secret-url', url },
    ...(store !== undefined && { store }),
  }));
}

const profile = z.looseObject({ vaultCertificates: z.unknown().optional() });
const vaultCertificate = z.looseObject({ certificateUrl: z.string().min(1).max(2000), certificateStore: maybe });

/** `secrets` of an osProfile, and `vmSecrets` of Service Fabric: put on the machine once, by a URL with a version. */
export function profileSecretsOf(list: unknown, complain: Complain): readonly Observed[] {
  return each(profile, list, complain).flatMap(({ vaultCertificates }) =>
    each(vaultCertificate, vaultCertificates, complain).map(({ certificateUrl, certificateStore }) => ({
      reference: { by: 'secret-url', url: certificateUrl } as const,
      ...(certificateStore !== undefined && { store: certificateStore }),
    })),
  );
}

export function detailOf(what: string, { store }: Observed): string {
  return store === undefined ? what : `${what}, ${store}`;
}

/** What the estate file would say of a machine or a set. Which file or binding its application reads is for people to add. */
export function guestEntry(
  place:
    | { readonly kind: 'virtual-machine'; readonly machine: string }
    | { readonly kind: 'scale-set'; readonly scaleSet: string },
  { location, tags }: Pick<Shown, 'location' | 'tags'>,
  agent: string | undefined,
) {
  const os = agent === 'KeyVaultForLinux' ? 'linux' : agent === 'KeyVaultForWindows' ? 'windows' : undefined;
  return {
    ...place,
    ...(location !== undefined && { location }),
    ...(os !== undefined && { os }),
    ...(tags !== undefined && { tags }),
  };
}
