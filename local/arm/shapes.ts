import type { CertificateResource, HostBinding, Site } from './app-service-types.ts';

/** Microsoft.Web/certificates as App Service answers it. It knows many more fields that are always null for imports. */
export function certificateShape(certificate: CertificateResource): Record<string, unknown> {
  const { leaf } = certificate.bundle;
  return {
    id: certificate.resourceId,
    name: certificate.name,
    type: 'Microsoft.Web/certificates',
    location: certificate.location,
    tags: certificate.tags,
    properties: {
      password: null,
      friendlyName: '',
      subjectName: commonName(leaf.subject),
      hostNames: dnsNames(leaf.subjectAltName) ?? [commonName(leaf.subject)],
      pfxBlob: null,
      siteName: null,
      selfLink: null,
      issuer: commonName(leaf.issuer),
      issueDate: seconds(new Date(leaf.validFrom)),
      expirationDate: seconds(new Date(leaf.validTo)),
      thumbprint: certificate.thumbprint,
      valid: null,
      cerBlob: null,
      publicKeyHash: null,
      hostingEnvironmentProfile: null,
      keyVaultId: certificate.keyVaultId,
      keyVaultSecretName: certificate.keyVaultSecretName,
      keyVaultSecretStatus: certificate.status,
      webSpace: certificate.webspace,
      serverFarmId: certificate.serverFarmId,
      resourceGroup: certificate.resourceGroup,
    },
  };
}

/** A site or a slot. */
export function siteShape(site: Site): Record<string, unknown> {
  const [, slot] = site.name.split('/');
  const names = [...site.bindings.keys()];
  return {
    id: site.resourceId,
    name: site.name,
    type: slot === undefined ? 'Microsoft.Web/sites' : 'Microsoft.Web/sites/slots',
    kind: 'app',
    location: site.location,
    ...(site.identityId !== null && { identity: { type: 'SystemAssigned', principalId: site.identityId } }),
    properties: {
      name: slot === undefined ? site.name : site.name.replace('/', '(') + ')',
      state: 'Running',
      hostNames: names,
      webSpace: site.webspace,
      usageState: 'Normal',
      enabled: true,
      enabledHostNames: names,
      availabilityState: 'Normal',
      hostNameSslStates: [...site.bindings.values()].map(sslStateShape),
      serverFarmId: site.serverFarmId,
      reserved: false,
      lastModifiedTimeUtc: site.modifiedAt.toISOString().replace(/Z$/, '0000'),
      slotName: slot ?? null,
      hostingEnvironmentProfile: environmentShape(site.hostingEnvironmentId),
      resourceGroup: site.resourceGroup,
      defaultHostName: names[0] ?? null,
      httpsOnly: false,
    },
  };
}

export function bindingShape(site: Site, binding: HostBinding): Record<string, unknown> {
  const slot = site.name.includes('/');
  const ssl = binding.thumbprint === null ? {} : { sslState: binding.sslState, thumbprint: binding.thumbprint };
  return {
    id: `${site.resourceId}/hostNameBindings/${binding.hostName}`,
    name: `${site.name}/${binding.hostName}`,
    type: slot ? 'Microsoft.Web/sites/slots/hostNameBindings' : 'Microsoft.Web/sites/hostNameBindings',
    location: site.location,
    properties: { siteName: site.name, domainId: null, hostNameType: 'Verified', ...ssl },
  };
}

function sslStateShape(binding: HostBinding): Record<string, unknown> {
  return {
    name: binding.hostName,
    sslState: binding.sslState,
    ipBasedSslResult: null,
    virtualIP: null,
    thumbprint: binding.thumbprint,
    toUpdate: null,
    toUpdateIpBasedSsl: null,
    ipBasedSslState: 'NotConfigured',
    hostType: 'Standard',
  };
}

function environmentShape(id: string | null): Record<string, unknown> | null {
  if (id === null) return null;
  return { id, name: id.split('/').at(-1), type: 'Microsoft.Web/hostingEnvironments' };
}

/** Node gives a name as lines of `TYPE=value`. */
function commonName(name: string): string {
  return name.match(/^CN=(.*)$/m)?.[1] ?? name.replaceAll('\n', ', ');
}

function dnsNames(alternativeNames: string | undefined): readonly string[] | undefined {
  return alternativeNames
    ?.split(', ')
    .filter((name) => name.startsWith('DNS:'))
    .map((name) => name.slice('DNS:'.length));
}

function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, '+00:00');
}
