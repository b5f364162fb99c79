import type { UseKind } from './found.ts';
import type { Use, UseState } from './uses.ts';

/** What people can do so that a place takes new versions: of one that is pinned, holds a copy, or is deployed to by nobody. */
export const guides: Readonly<Record<UseKind, string>> = {
  'app-service':
    'Import the certificate from the vault, and bind the host name to it; App Service takes a new version within 24 hours.',
  'app-settings':
    'Write the reference without a version; App Service takes a new one within 24 hours, or when a setting of the app is changed.',
  'application-gateway':
    'Let the certificate name the secret without a version; the gateway asks its vault every four hours.',
  'virtual-machine':
    'Let the Key Vault extension observe the secret without a version; secrets of osProfile are put on a machine once.',
  'scale-set':
    'Let the Key Vault extension of the model observe the secret without a version; secrets of osProfile are put on an instance once.',
  'api-management':
    'Let the host name take the secret without a version; API Management takes a new one within four hours.',
  'container-apps':
    'Import the certificate of the environment by the URL of the secret without a version; a new one is taken within twelve hours.',
  'front-door': 'Let the secret of the profile use the latest version; Front Door takes a new one within three days.',
  'service-fabric':
    'Let the Key Vault extension of the node type observe the secret without a version; vmSecrets are put on a node once.',
};

/** Of a use in one of these states somebody has to take care. */
const needing: readonly UseState[] = ['pinned', 'copy', 'guided'];

export function needsGuide({ state }: Pick<Use, 'state'>): boolean {
  return needing.includes(state);
}

/** The guides of the kinds that people have to take care of. */
export function guidesOf(uses: readonly Pick<Use, 'kind' | 'state'>[]): Readonly<Partial<Record<UseKind, string>>> {
  const kinds = new Set(uses.filter(needsGuide).map(({ kind }) => kind));
  return Object.fromEntries([...kinds].sort().map((kind) => [kind, guides[kind]]));
}

/** Where certificates are used and no look sees it: who relies on the list of uses has to know. */
export const unlookedPlaces = {
  'entra-app-credentials':
    'Credentials of app registrations in Microsoft Entra ID are in Microsoft Graph, of which Resource Graph holds nothing: add the new certificate there by hand before the old one expires.',
  'cluster-objects': 'SecretProviderClass objects, and secrets of Kubernetes, are inside a cluster.',
  'api-management-backends': 'Certificates with which API Management calls backends are in no table of Resource Graph.',
  'classic-front-door': 'Front Door (classic) and Azure CDN are not asked.',
  'connection-strings': 'Of settings of App Service only app settings are asked for.',
  'outside-azure': 'What reads the secret from elsewhere is seen in the audit log of the vault alone.',
} as const;
