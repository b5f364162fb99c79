import type { AppService } from '../../../local/arm/app-service.ts';
import { createAppService } from '../../../local/arm/app-service.ts';
import type { AppServiceFault } from '../../../local/arm/app-service-types.ts';
import { createArm } from '../../../local/arm/arm.ts';
import { dnsRoutes } from '../../../local/arm/dns-routes.ts';
import type { Emulator } from '../../../local/emulator.ts';
import type { VaultEvent } from '../../../local/events/types.ts';
import { assignRoles } from '../../../local/stand/principals.ts';
import { roles } from '../../../local/stand/roles.ts';
import { readSecretAs } from '../../../local/stand/secret-reader.ts';
import type { PolicyInput } from '../../../local/vault/policy.ts';
import { createVault, type VaultEmulator } from '../../../local/vault/vault.ts';
import type { Faults } from '../faults/faults.ts';
import type { Dice } from '../virtual/dice.ts';
import type { KeyRing } from '../virtual/keys.ts';
import type { SimClock } from '../virtual/sim-clock.ts';
import { type Clusters, createClusters } from './clusters.ts';
import { CA_VAULT, CREDENTIALS_VAULT, DNS_ZONE, LOCATION, PARTNER, type SimCertificate, wishOf } from './estate.ts';
import { type Lasting, lasting } from './lasting.ts';
import { createMachines, type Machines } from './machines.ts';
import { SUBSCRIPTION, vaultId, vaultUri } from './names.ts';
import { createPartner } from './partner.ts';
import type { SimTarget } from './places.ts';
import { createAccountKey, createPublicCa, type PublicCa, type SimAuthority } from './public-ca.ts';

/** Azure, as far as a simulation has it: emulators without sockets, all on one clock. */
export interface Cloud extends Omit<Lasting, 'identity' | 'principals'> {
  readonly vaults: readonly VaultEmulator[];
  readonly appService: AppService;
  readonly machines: Machines;
  readonly clusters: Clusters;
  readonly arm: Emulator;
  /** Absent: no certificate comes from there. */
  readonly publicCa?: PublicCa;
  /** Chains of the versions that were there at the beginning, by `vault/certificate`. */
  readonly seeded: Map<string, readonly Uint8Array[]>;
  /** Faults of App Service that are in force. */
  readonly appServiceFaults: Set<AppServiceFault>;
  vault(name: string): VaultEmulator;
  /** The CA that a certificate comes from. */
  authorityOf(certificate: Pick<SimCertificate, 'ca'>): SimAuthority;
  /** Takes the roles of an identity away, or gives everybody's back. */
  revoke(principal: 'renewer' | 'deployer'): void;
  restoreRoles(): void;
}

export interface CloudOptions {
  readonly dice: Dice;
  readonly clock: SimClock;
  readonly certificates: readonly SimCertificate[];
  readonly onVaultEvent: (event: VaultEvent) => void;
  readonly keys: KeyRing;
  readonly faults: Faults;
}

export async function createCloud(options: CloudOptions): Promise<Cloud> {
  const { dice, clock, certificates, keys } = options;
  const { identity, principals, ...shared } = await lasting();
  const provider = createPartner({ ...options, issuing: shared.partnerIssuing });
  const hasPublic = certificates.some(({ ca }) => ca === 'public');
  const estateVaults = [...new Set(certificates.map(({ vault }) => vault))];
  const vaults = [...estateVaults, CA_VAULT, ...(hasPublic ? [CREDENTIALS_VAULT] : [])].map((name) =>
    createVault({
      ...{ name, uri: vaultUri(name), resourceId: vaultId(name), access: identity, clock },
      tenantId: SUBSCRIPTION,
      random: dice.stream(`vault ${name}`),
      keyPool: keys,
      events: options.onVaultEvent,
      // Nobody attacks these files, and deriving their keys would take a tenth of the simulation's time.
      pfxRounds: 1,
      provider,
    }),
  );
  const vault = (name: string): VaultEmulator => {
    const found = vaults.find((one) => one.name === name);
    if (found === undefined) throw new TypeError(`no vault ${name}`);
    return found;
  };
  const restoreRoles = (): void => {
    for (const { id } of Object.values(principals)) identity.revoke(id);
    const where = {
      vaults: estateVaults.map(vaultId),
      caVault: vaultId(CA_VAULT),
      siteGroup: `/subscriptions/${SUBSCRIPTION}`,
      machineGroups: [`/subscriptions/${SUBSCRIPTION}`],
      clusterGroups: [`/subscriptions/${SUBSCRIPTION}`],
      // There is no account: rows and journal are in memory, and ask nobody.
      storageAccount: `/subscriptions/${SUBSCRIPTION}/none`,
      // Nor a workspace: the app is told of none.
      workspace: `/subscriptions/${SUBSCRIPTION}/none`,
    };
    assignRoles(identity, principals, { roles, where });
    if (hasPublic) assignAcmeRoles(identity, principals);
    // Of the built-in role Key Vault Secrets User, which the machines' extension needs, and the clusters' driver.
    const actions = ['Microsoft.KeyVault/vaults/secrets/getSecret/action'];
    for (const scope of where.vaults) identity.assign(principals.machines.id, { scope, actions });
  };
  restoreRoles();
  const operatorToken = shared.token('operator', 'https://vault.azure.net');
  const publicCa = hasPublic
    ? createPublicCa({ ...options, accountKey: await createAccountKey(vault(CREDENTIALS_VAULT), operatorToken) })
    : undefined;
  const appServiceFaults = new Set<AppServiceFault>();
  const readSecret = readSecretAs(vaults, () => shared.token('appService', 'https://vault.azure.net'));
  const appService = createAppService({ clock, readSecret, publicRoots: [], faults: appServiceFaults });
  const secretReader = () => shared.token('machines', 'https://vault.azure.net');
  const machines = createMachines({ clock, dice, vaults, token: secretReader });
  const clusters = createClusters({
    ...{ clock, dice, vaults, access: identity },
    ...{ deployer: principals.deployer, token: secretReader },
  });
  const arm = createArm({
    ...{ access: identity, clock, appService, subscriptions: [SUBSCRIPTION] },
    routes: [...machines.routes, ...clusters.routes, ...(publicCa === undefined ? [] : dnsRoutes(publicCa.dns))],
  });
  seedIssuingCa(vault(CA_VAULT), shared.issuing);
  const cloud: Cloud = {
    ...shared,
    ...{ vaults, appService, machines, clusters, arm, appServiceFaults, vault, restoreRoles },
    ...(publicCa && { publicCa }),
    authorityOf: ({ ca }) => {
      if (ca === 'partner') return shared.partnerCa;
      return ca === 'public' && publicCa !== undefined ? publicCa : shared.internalCa;
    },
    seeded: new Map(),
    revoke: (principal) => void identity.revoke(principals[principal].id),
  };
  const withAccount = new Set(certificates.flatMap(({ ca, vault: name }) => (ca === 'partner' ? [name] : [])));
  for (const name of withAccount) await openAccount(vault(name), operatorToken);
  for (const certificate of certificates) await seed(cloud, certificate, keys);
  return cloud;
}

/** All that docs/issuers/acme.md asks for. */
function assignAcmeRoles(identity: Lasting['identity'], { renewer, deployer, operator }: Lasting['principals']): void {
  const dataActions = ['read', 'sign/action'].map((verb) => `Microsoft.KeyVault/vaults/keys/${verb}`);
  identity.assign(renewer.id, { scope: vaultId(CREDENTIALS_VAULT), actions: dataActions });
  identity.assign(operator.id, { scope: vaultId(CREDENTIALS_VAULT), actions: ['Microsoft.KeyVault/vaults/keys/*'] });
  const actions = ['read', 'write', 'delete'].map((verb) => `Microsoft.Network/dnsZones/TXT/${verb}`);
  identity.assign(deployer.id, { scope: DNS_ZONE, actions });
}

/** The vault's account with the partner. */
async function openAccount(vault: VaultEmulator, token: string): Promise<void> {
  const { status } = await vault.handle({
    method: 'PUT',
    url: new URL(`${vault.uri}/certificates/issuers/${PARTNER}?api-version=7.5`),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: Buffer.from(
      JSON.stringify({ provider: 'DigiCert', credentials: { account_id: 'account', pwd: 'pass-word' } }),
    ),
  });
  if (status !== 200) throw new TypeError(`${vault.name} takes no account of a partner: ${status}`);
}

/** What the vault is to make of a certificate when it renews it. */
function policyOf({ ca, validityMonths, autoRenewPercent }: SimCertificate): PolicyInput {
  const x509_props = { validity_months: validityMonths };
  if (ca !== 'partner') return { issuer: { name: 'Unknown' }, x509_props };
  const [lifetime_percentage, action_type] =
    autoRenewPercent === undefined ? ([80, 'EmailContacts'] as const) : ([autoRenewPercent, 'AutoRenew'] as const);
  const lifetime_actions = [{ trigger: { lifetime_percentage }, action: { action_type } }];
  return { issuer: { name: PARTNER }, x509_props, lifetime_actions };
}

function seedIssuingCa(vault: VaultEmulator, { chain, keys }: Lasting['issuing']): void {
  vault.seed({
    name: 'issuing-ca',
    chain,
    privateKey: keys.privateKey,
    policy: { key_props: { exportable: false }, x509_props: { key_usage: ['keyCertSign', 'digitalSignature'] } },
  });
}

/** The current version in its vault, and the targets that serve it. */
async function seed(cloud: Cloud, certificate: SimCertificate, ring: KeyRing): Promise<void> {
  const { vault, name, keyKind, notBefore, notAfter, targets } = certificate;
  const keys = ring.draw(keyKind);
  const wish = { ...wishOf(certificate), notBefore, notAfter, spki: keys.spki };
  const chain = cloud.authorityOf(certificate).sign(wish);
  cloud.seeded.set(`${vault}/${name}`, chain);
  cloud.vault(vault).seed({
    ...{ name, chain, privateKey: keys.privateKey },
    policy: policyOf(certificate),
    tags: { owner: `team-${name}` },
    createdAt: notBefore,
  });
  for (const target of targets) {
    if (target.kind === 'virtual-machine') await cloud.machines.build(certificate, target);
    else if (target.kind === 'kubernetes') await cloud.clusters.build(certificate, target);
    else await seedSite(cloud, certificate, target);
  }
}

async function seedSite(
  { appService }: Cloud,
  { vault, name, hasKeeper }: SimCertificate,
  target: Extract<SimTarget, { kind: 'app-service' }>,
): Promise<void> {
  const imported = { location: LOCATION, keyVaultId: vaultId(vault), keyVaultSecretName: name };
  const site = appService.addSite({
    resourceId: target.site,
    location: LOCATION,
    environment: 'ase-v3',
    hostNames: [target.hostName],
  });
  const provider = target.site.slice(0, target.site.indexOf('/sites/'));
  const resourceId = `${provider}/certificates/${target.certificateResource}`;
  await appService.seedCertificate(site, { ...imported, resourceId });
  if (hasKeeper) await appService.importCertificate({ ...imported, resourceId: `${provider}/certificates/keeper` });
}
