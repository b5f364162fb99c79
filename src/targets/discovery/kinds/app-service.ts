import { z } from 'zod';
import type { Complain, Found, KindLook, Shown } from '../found.ts';
import { each, lastName, maybe, names, one, placeOf, thumbprint } from '../shown.ts';

const certificateShape = z.looseObject({
  thumbprint,
  hostNames: names,
  keyVaultId: maybe,
  secretName: maybe,
  webSpace: maybe,
});
const siteShape = z.looseObject({ webSpace: maybe, bindings: z.unknown().optional() });
const bindingShape = z.looseObject({ name: z.string().min(1).max(255), sslState: maybe, thumbprint: maybe });

type Certificate = z.output<typeof certificateShape> & { readonly shown: Shown };

interface Binding {
  readonly site: Shown;
  readonly host: string;
  readonly thumbprint: string;
  readonly webSpace: string | undefined;
}

/**
 * Sites and slots serve what their host names are bound to, by thumbprint; Microsoft.Web/certificates of the same webspace
 * tell where that came from: a vault, or an upload. App Service always takes the newest version of a vault's secret.
 */
export const appService: KindLook<'certificates' | 'sites'> = {
  kind: 'app-service',
  queries: {
    certificates: `resources
| where type =~ 'microsoft.web/certificates'
| project id, location, tags, thumbprint = tostring(properties.thumbprint), hostNames = properties.hostNames, keyVaultId = tostring(properties.keyVaultId), secretName = tostring(properties.keyVaultSecretName), webSpace = tostring(properties.webSpace)
| order by id asc`,
    sites: `resources
| where type in~ ('microsoft.web/sites', 'microsoft.web/sites/slots')
| project id, location, tags, webSpace = tostring(properties.webSpace), bindings = properties.hostNameSslStates
| order by id asc`,
  },
  read(rows, complain) {
    const bindings = rows.sites.flatMap((site) => bindingsOf(site, complain));
    return rows.certificates.flatMap((shown) => {
      const read = one(certificateShape, shown, complain);
      return read === undefined ? [] : usesOf({ ...read, shown }, bindings);
    });
  },
};

function bindingsOf(site: Shown, complain: Complain): readonly Binding[] {
  const read = one(siteShape, site, complain);
  return each(bindingShape, read?.bindings, complain).flatMap(({ name, sslState, thumbprint: bound }) => {
    if (bound === undefined || sslState === undefined || sslState === 'Disabled') return [];
    return [{ site, host: name.toLowerCase(), thumbprint: bound.toUpperCase(), webSpace: read?.webSpace }];
  });
}

function usesOf(certificate: Certificate, bindings: readonly Binding[]): readonly Found[] {
  const { shown, keyVaultId, secretName } = certificate;
  const reference =
    keyVaultId === undefined || secretName === undefined
      ? ({ by: 'upload', thumbprint: certificate.thumbprint, names: certificate.hostNames } as const)
      : ({ by: 'vault-id', vaultId: keyVaultId, name: secretName } as const);
  const name = lastName(shown.id);
  const bound = bindings.filter((binding) => isOf(binding, certificate));
  const held = { kind: 'app-service', reference, detail: `certificate ${name}` } as const;
  if (bound.length === 0) {
    return [{ ...held, ...placeOf(shown), resourceId: shown.id, detail: `${held.detail}, bound to no host name` }];
  }
  return bound.map(({ site, host }) => ({
    ...{ ...held, ...placeOf(site), resourceId: site.id, host },
    entry: entryOf(site, name, host),
  }));
}

/** A webspace has one certificate of a thumbprint; where Azure does not tell the webspace, the resource group has to do. */
function isOf({ site, thumbprint: bound, webSpace }: Binding, certificate: Certificate): boolean {
  if (bound !== certificate.thumbprint) return false;
  if (webSpace === undefined || certificate.webSpace === undefined) {
    return groupOf(site.id) === groupOf(certificate.shown.id);
  }
  return (
    webSpace.toLowerCase() === certificate.webSpace.toLowerCase() &&
    subscriptionOf(site.id) === subscriptionOf(certificate.shown.id)
  );
}

function entryOf({ id, tags }: Shown, certificateResource: string, hostName: string) {
  return { kind: 'app-service', site: id, certificateResource, hostName, ...(tags !== undefined && { tags }) };
}

function groupOf(id: string): string {
  return id.toLowerCase().split('/').slice(0, 5).join('/');
}

function subscriptionOf(id: string): string {
  return id.toLowerCase().split('/')[2] ?? '';
}
