import type { GraphResource } from '../../../../local/arm/graph/resources.ts';

export const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111';
export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg`;
export const VAULT_ID = `${GROUP}/providers/Microsoft.KeyVault/vaults/contoso`;
export const VAULT = 'https://contoso.vault.azure.net';
export const VERSION = '0123456789abcdef0123456789abcdef';
export const THUMBPRINT = 'A'.repeat(40);
export const UPLOADED = 'B'.repeat(40);
export const READER = '99999999-9999-9999-9999-999999999999';
export const APP = '88888888-8888-8888-8888-888888888888';

const at = (type: string, name: string): string => `${GROUP}/providers/${type}/${name}`;
const SITE = at('Microsoft.Web/sites', 'shop');

/** A setting that refers to a vault, as App Service shows it. */
export function setting(name: string, properties: Readonly<Record<string, string>>) {
  const type = 'Microsoft.Web/sites/config/configreferences';
  return { id: `${SITE}/config/configreferences/appsettings/${name}`, name, type, properties };
}

/** A resource group in which every kind of place uses the certificate `shop`, as Azure's API shows it. */
export const resources: readonly GraphResource[] = [
  {
    ...{
      id: at('Microsoft.Web/certificates', 'contoso-shop'),
      type: 'Microsoft.Web/certificates',
      location: 'West Europe',
    },
    properties: {
      ...{ thumbprint: THUMBPRINT, hostNames: ['shop.contoso.com'], webSpace: 'rg-WestEuropewebspace' },
      ...{ keyVaultId: VAULT_ID.toLowerCase(), keyVaultSecretName: 'shop' },
    },
  },
  {
    ...{ id: at('Microsoft.Web/certificates', 'by-hand'), type: 'Microsoft.Web/certificates', location: 'West Europe' },
    properties: {
      ...{ thumbprint: UPLOADED, hostNames: ['pay.contoso.com'], webSpace: 'rg-WestEuropewebspace' },
      ...{ keyVaultId: null, keyVaultSecretName: null },
    },
  },
  {
    ...{
      id: SITE,
      type: 'Microsoft.Web/sites',
      location: 'West Europe',
      tags: { tier: 'gold', 'hidden-link: /x': 'y' },
    },
    identity: { type: 'SystemAssigned', principalId: APP },
    properties: {
      webSpace: 'rg-WestEuropewebspace',
      hostNameSslStates: [
        { name: 'shop.azurewebsites.net', sslState: 'Disabled', thumbprint: null },
        { name: 'shop.contoso.com', sslState: 'SniEnabled', thumbprint: THUMBPRINT },
        { name: 'pay.contoso.com', sslState: 'SniEnabled', thumbprint: UPLOADED },
      ],
    },
  },
  {
    ...{ id: `${SITE}/slots/staging`, type: 'Microsoft.Web/sites/slots', location: 'West Europe' },
    properties: {
      webSpace: 'rg-WestEuropewebspace',
      hostNameSslStates: [
        { name: 'staging.contoso.com', sslState: 'SniEnabled', thumbprint: THUMBPRINT.toLowerCase() },
      ],
    },
  },
  {
    ...{ id: at('Microsoft.Network/applicationGateways', 'gw'), type: 'Microsoft.Network/applicationGateways' },
    location: 'northeurope',
    identity: { type: 'UserAssigned', userAssignedIdentities: { '/x': { principalId: READER, clientId: null } } },
    properties: {
      sslCertificates: [
        { name: 'shop', properties: { keyVaultSecretId: `${VAULT}/secrets/shop` } },
        { name: 'old', properties: { keyVaultSecretId: `${VAULT}/secrets/shop/${VERSION}` } },
      ],
      httpListeners: [
        {
          name: 'https',
          properties: {
            ...{ protocol: 'Https', hostNames: ['WWW.contoso.com'] },
            sslCertificate: { id: `${at('Microsoft.Network/applicationGateways', 'GW')}/sslCertificates/shop` },
          },
        },
      ],
    },
  },
  {
    ...{ id: at('Microsoft.Compute/virtualMachines', 'vm1'), type: 'Microsoft.Compute/virtualMachines' },
    ...{ location: 'westeurope', tags: { ring: '1' }, identity: { type: 'SystemAssigned', principalId: READER } },
    properties: {
      osProfile: {
        secrets: [
          {
            sourceVault: { id: VAULT_ID },
            vaultCertificates: [{ certificateUrl: `${VAULT}/secrets/shop/${VERSION}`, certificateStore: 'My' }],
          },
        ],
      },
    },
  },
  {
    id: `${at('Microsoft.Compute/virtualMachines', 'vm1')}/extensions/KVVMExtension`,
    ...{ type: 'Microsoft.Compute/virtualMachines/extensions', location: 'westeurope' },
    properties: {
      ...{ publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux' },
      settings: {
        secretsManagementSettings: {
          pollingIntervalInS: '3600',
          observedCertificates: [
            `${VAULT}/secrets/shop`,
            { url: `${VAULT}/secrets/other/`, certificateStoreLocation: '/etc/certs' },
          ],
        },
      },
    },
  },
  {
    id: `${at('Microsoft.Compute/virtualMachines', 'vm1')}/extensions/Other`,
    ...{ type: 'Microsoft.Compute/virtualMachines/extensions', location: 'westeurope' },
    properties: { publisher: 'Contoso', settings: { password: 'must stay where it is' } },
  },
  {
    ...{
      id: at('Microsoft.Compute/virtualMachineScaleSets', 'web'),
      type: 'Microsoft.Compute/virtualMachineScaleSets',
    },
    location: 'westeurope',
    properties: {
      virtualMachineProfile: {
        extensionProfile: {
          extensions: [
            { name: 'script', properties: { publisher: 'Contoso', settings: { observedCertificates: 3 } } },
            {
              name: 'kv',
              properties: {
                ...{ publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux' },
                settings: {
                  secretsManagementSettings: { observedCertificates: [{ url: `${VAULT}:443/secrets/Shop` }] },
                },
              },
            },
          ],
        },
      },
    },
  },
  {
    ...{
      id: at('Microsoft.ApiManagement/service', 'api'),
      type: 'Microsoft.ApiManagement/service',
      location: 'West Europe',
    },
    properties: {
      hostnameConfigurations: [
        { type: 'Proxy', hostName: 'api.contoso.com', keyVaultId: `${VAULT}/secrets/shop` },
        { type: 'Portal', hostName: 'pay.contoso.com', certificate: { thumbprint: UPLOADED } },
        { type: 'Proxy', hostName: 'api.azure-api.net', keyVaultId: null, certificate: null },
      ],
    },
  },
  {
    ...{ id: at('Microsoft.App/managedEnvironments', 'env'), type: 'Microsoft.App/managedEnvironments' },
    ...{ location: 'West Europe', identity: { type: 'SystemAssigned', principalId: READER } },
  },
  {
    id: `${at('Microsoft.App/managedEnvironments', 'env')}/certificates/shop`,
    ...{ type: 'Microsoft.App/managedEnvironments/certificates', location: 'West Europe' },
    properties: {
      certificateKeyVaultProperties: { identity: 'System', keyVaultUrl: `${VAULT}/secrets/shop` },
      thumbprint: THUMBPRINT,
    },
  },
  {
    ...{ id: at('Microsoft.Cdn/profiles', 'edge'), type: 'Microsoft.Cdn/profiles', location: 'global' },
    sku: { name: 'Premium_AzureFrontDoor' },
  },
  {
    ...{ id: at('Microsoft.Cdn/profiles', 'old'), type: 'Microsoft.Cdn/profiles', location: 'global' },
    sku: { name: 'Standard_Microsoft' },
  },
  {
    id: at('Microsoft.ServiceFabric/managedClusters', 'sf'),
    ...{ type: 'Microsoft.ServiceFabric/managedClusters', location: 'westeurope' },
  },
];

/** What Resource Manager lists, by the id of the collection in lower case. */
export const lists: Readonly<Record<string, readonly unknown[]>> = {
  [`${SITE}/config/configreferences/appsettings`.toLowerCase()]: [
    setting('TLS', { reference: `@Microsoft.KeyVault(SecretUri=${VAULT}/secrets/shop)`, status: 'Resolved' }),
    setting('PINNED', { vaultName: 'contoso', secretName: 'shop', secretVersion: VERSION, status: 'Resolved' }),
    setting('PASSWORD', { reference: '@Microsoft.KeyVault(VaultName=contoso;SecretName=password)' }),
  ],
  [`${at('Microsoft.Cdn/profiles', 'edge')}/secrets`.toLowerCase()]: [
    {
      id: `${at('Microsoft.Cdn/profiles', 'edge')}/secrets/newest`,
      properties: {
        parameters: {
          ...{ type: 'CustomerCertificate', useLatestVersion: true, secretVersion: VERSION },
          secretSource: { id: `${VAULT_ID}/secrets/shop` },
        },
      },
    },
    {
      id: `${at('Microsoft.Cdn/profiles', 'edge')}/secrets/one-version`,
      properties: {
        parameters: {
          ...{ type: 'CustomerCertificate', useLatestVersion: false, secretVersion: VERSION },
          secretSource: { id: `${VAULT_ID}/secrets/shop` },
        },
      },
    },
    {
      id: `${at('Microsoft.Cdn/profiles', 'edge')}/secrets/managed`,
      properties: { parameters: { type: 'ManagedCertificate' } },
    },
  ],
  [`${at('Microsoft.ServiceFabric/managedClusters', 'sf')}/nodeTypes`.toLowerCase()]: [
    {
      id: `${at('Microsoft.ServiceFabric/managedClusters', 'sf')}/nodeTypes/nt1`,
      properties: {
        vmSecrets: [
          { vaultCertificates: [{ certificateStore: 'MY', certificateUrl: `${VAULT}/secrets/shop/${VERSION}` }] },
        ],
      },
    },
  ],
};
