import { z } from 'zod';
import type { VersionToServe } from './port.ts';
import type { ScaleSetResource, SetExtension } from './scale-set-resource.ts';

const KEY_VAULT = 'microsoft.azure.keyvault';
/** Entries are URLs, or objects with one. */
const settingsShape = z.looseObject({
  secretsManagementSettings: z.looseObject({
    observedCertificates: z.array(z.union([z.string(), z.looseObject({ url: z.string() })])),
  }),
});
const secretsShape = z.array(
  z.looseObject({ vaultCertificates: z.array(z.looseObject({ certificateUrl: z.string().nullish() })).nullish() }),
);

interface Reference {
  readonly extension: SetExtension;
  /** To which the model is pinned. */
  readonly version: string;
}

/** The extension of the model that follows the certificate, or why there is none: what is pinned is told, never changed. */
export function modelExtensionOf(
  { properties: { virtualMachineProfile: profile } }: ScaleSetResource,
  wanted: VersionToServe,
): { readonly extension: SetExtension } | { readonly problem: string } {
  const found = (profile?.extensionProfile?.extensions ?? []).flatMap((extension): Reference[] =>
    observedBy(extension).flatMap((url) => {
      const version = versionIn(url, wanted);
      return version === undefined ? [] : [{ extension, version }];
    }),
  );
  const following = found.find(({ version }) => version === '');
  if (following !== undefined) return { extension: following.extension };
  const [pinned] = found;
  const mending = `let the extension observe ${new URL(wanted.vault).origin}/secrets/${wanted.name}`;
  if (pinned !== undefined)
    return { problem: `${shown(pinned.extension.name)} of the model is pinned to one version: ${mending}` };
  const secrets = secretsShape.safeParse(profile?.osProfile?.secrets).data ?? [];
  const isInSecrets = secrets
    .flatMap(({ vaultCertificates }) => vaultCertificates ?? [])
    .some(({ certificateUrl }) => certificateUrl && versionIn(certificateUrl, wanted) !== undefined);
  if (isInSecrets)
    return { problem: `osProfile.secrets of the model name one version, which instances are made with: ${mending}` };
  return { problem: `no Key Vault extension of the model observes the certificate: ${mending}` };
}

function observedBy({ properties: { publisher, settings } }: SetExtension): readonly string[] {
  if (publisher?.toLowerCase() !== KEY_VAULT) return [];
  const observed = settingsShape.safeParse(settings).data?.secretsManagementSettings.observedCertificates ?? [];
  return observed.map((one) => (typeof one === 'string' ? one : one.url));
}

/** The version that a reference to the certificate's secret names, '' where it names none; `undefined`: of something else. */
function versionIn(url: string, { vault, name }: VersionToServe): string | undefined {
  const [, host = '', secret = '', version = ''] =
    /^https:\/\/([^/]+?)(?::443)?\/secrets\/([^/]+)\/?([^/]*)$/i.exec(url.trim()) ?? [];
  const isIt = host.toLowerCase() === new URL(vault).host && secret.toLowerCase() === name.toLowerCase();
  return isIt ? version : undefined;
}

function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 80);
}
