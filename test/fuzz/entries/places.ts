import { joinUses } from '../../../src/targets/discovery/join.ts';
import { lookForUses } from '../../../src/targets/discovery/look.ts';
import { referredTo } from '../../../src/targets/discovery/uses.ts';
import { type Entry, FindError, textOf } from '../entry.ts';
import { mutatedJson } from '../mutate-json.ts';

const SUBSCRIPTION = '11111111-2222-3333-4444-555555555555';
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/web`;
const VAULT_ID = `${GROUP}/providers/Microsoft.KeyVault/vaults/contoso`;
const HOST = 'contoso.vault.azure.net';
const SECRET = `https://${HOST}/secrets/shop`;
const VERSION = 'a'.repeat(32);
const THUMBPRINT = 'B'.repeat(40);
const at = (type: string, name: string): string => `${GROUP}/providers/Microsoft.${type}/${name}`;
/** In the settings of somebody else's extension. */
const CANARY = 'canary-of-another-extension';

const observed = { secretsManagementSettings: { observedCertificates: [SECRET, { url: `${SECRET}/` }] } };
const profile = [{ vaultCertificates: [{ certificateUrl: `${SECRET}/${VERSION}`, certificateStore: 'My' }] }];
const identity = { type: 'SystemAssigned', principalId: SUBSCRIPTION };
const webSpace = 'web-WestEuropewebspace';

/** Hosts that only look like the vault's. */
const alike = [
  `https://${HOST}.evil.example/secrets/shop`,
  `https://evil.example/${HOST}/secrets/shop`,
  `https://${HOST}@evil.example/secrets/shop`,
];

/** A row of each query, and a member of each list. */
const rows: readonly [object, ...object[]] = [
  {
    ...{ id: at('Web/certificates', 'shop'), thumbprint: THUMBPRINT, hostNames: ['a.contoso.com'], webSpace },
    keyVaultId: VAULT_ID,
    secretName: 'shop',
  },
  {
    ...{ id: at('Web/certificates', 'own'), thumbprint: THUMBPRINT, hostNames: ['a.contoso.com'], webSpace },
    keyVaultId: null,
  },
  {
    ...{ id: at('Web/sites', 'shop'), tags: { tier: 'gold' }, webSpace, identity },
    bindings: [{ name: 'a.contoso.com', sslState: 'SniEnabled', thumbprint: THUMBPRINT }],
  },
  {
    id: `${at('Web/sites', 'shop')}/config/configreferences/appsettings/TLS`,
    properties: { reference: `@Microsoft.KeyVault(SecretUri=${SECRET})`, status: 'Resolved' },
  },
  {
    id: `${at('Web/sites', 'shop')}/config/configreferences/appsettings/X`,
    properties: { vaultName: 'contoso', secretName: 'shop', secretVersion: VERSION },
  },
  {
    ...{ id: at('Compute/virtualMachines', 'vm'), location: 'westeurope', secrets: profile },
    identity: { userAssignedIdentities: { '/x': identity } },
  },
  {
    ...{ id: `${at('Compute/virtualMachines', 'vm')}/extensions/kv`, agent: 'KeyVaultForLinux' },
    certificates: [SECRET],
  },
  {
    ...{ id: at('Compute/virtualMachineScaleSets', 'web'), secrets: profile },
    extensions: [
      {
        name: 'kv',
        properties: { publisher: 'Microsoft.Azure.KeyVault', type: 'KeyVaultForLinux', settings: observed },
      },
      { name: 'x', properties: { publisher: 'Contoso', settings: { password: CANARY } } },
    ],
  },
  {
    id: at('ApiManagement/service', 'api'),
    hostNames: [
      { type: 'Proxy', hostName: 'api.contoso.com', keyVaultId: SECRET },
      { hostName: 'b.contoso.com', certificate: { thumbprint: THUMBPRINT } },
    ],
  },
  {
    id: `${at('App/managedEnvironments', 'env')}/certificates/shop`,
    url: SECRET,
    thumbprint: THUMBPRINT,
    subject: 'CN=a',
    hostNames: [],
  },
  {
    id: `${at('Cdn/profiles', 'edge')}/secrets/s`,
    properties: {
      parameters: {
        type: 'CustomerCertificate',
        useLatestVersion: false,
        secretVersion: VERSION,
        secretSource: { id: `${VAULT_ID}/secrets/shop` },
      },
    },
  },
  { id: `${at('ServiceFabric/managedClusters', 'sf')}/nodeTypes/nt`, properties: { vmSecrets: profile } },
  {
    id: at('Network/applicationGateways', 'gw'),
    certificates: [{ name: 'shop', properties: { keyVaultSecretId: SECRET } }],
    listeners: [
      {
        name: 'l',
        properties: {
          protocol: 'Https',
          hostNames: ['a.contoso.com'],
          sslCertificate: { id: `${at('Network/applicationGateways', 'gw')}/sslCertificates/shop` },
        },
      },
    ],
  },
  { id: at('Compute/virtualMachines', 'evil') + '/extensions/kv', certificates: alike },
];
const texts = rows.map((row) => JSON.stringify(row)) as [string, ...string[]];
const estate = {
  vaults: [{ name: 'contoso', uri: `https://${HOST}`, resourceId: VAULT_ID }],
  certificates: [{ vault: 'contoso', name: 'shop', plan: 'web', owner: 'team', targets: [], discover: false }],
};
const held = [{ vault: 'contoso', name: 'shop', thumbprint: THUMBPRINT, names: ['*.contoso.com'], older: new Map() }];

/** What Resource Graph and Resource Manager show: one row is strange, and whoever asks gets it with the others. */
const places: Entry = {
  name: 'places',
  share: 2,
  make: (chance) => mutatedJson(chance, texts),
  async run(input) {
    const shown: readonly unknown[] = [parsed(textOf(input)), ...rows];
    const seen = { id: `/subscriptions/${SUBSCRIPTION}` };
    const look = await lookForUses([SUBSCRIPTION], {
      graph: { ask: async (query) => (query.startsWith('resourcecontainers') ? [seen] : shown) },
      arm: {
        async *list() {
          yield* shown;
        },
      },
      clock: { now: () => new Date(0) },
    });
    for (const found of look.found) {
      const { reference } = found;
      const isOurs = referredTo(found, estate.vaults) !== undefined;
      if (isOurs && reference.by === 'secret-url' && new URL(reference.url).host !== HOST)
        throw new FindError(`${reference.url} is taken for a secret of ${HOST}`);
    }
    const text = JSON.stringify(joinUses(estate, look, held));
    if (text.includes(CANARY)) throw new FindError('settings of another extension are shown');
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export const placeEntries: readonly Entry[] = [places];
