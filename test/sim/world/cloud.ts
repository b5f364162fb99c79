import type { KeyObject } from 'node:crypto';
import type { Demand } from '../../../local/access.ts';
import type { AppService } from '../../../local/arm/app-service.ts';
import { createAppService } from '../../../local/arm/app-service.ts';
import type { AppServiceFault } from '../../../local/arm/app-service-types.ts';
import { createArm } from '../../../local/arm/arm.ts';
import type { Emulator } from '../../../local/emulator.ts';
import type { VaultEvent } from '../../../local/events/types.ts';
import { createIdentity, type Identity } from '../../../local/identity/identity.ts';
import { type Authority, certify, createAuthority } from '../../../local/pki.ts';
import { addPrincipals, assignRoles, type Principals } from '../../../local/stand/principals.ts';
import { readSecretAs } from '../../../local/stand/secret-reader.ts';
import { createVault, type VaultEmulator } from '../../../local/vault/vault.ts';
import { purposes } from '../../../src/certificate/extensions.ts';
import type { Dice } from '../virtual/dice.ts';
import { seededKeyPool, seededKeys } from '../virtual/keys.ts';
import type { SimClock } from '../virtual/sim-clock.ts';
import { CA_VAULT, hostNamesOf, LOCATION, type SimCertificate, SUBSCRIPTION, vaultId, vaultUri } from './estate.ts';

const DAY = 86_400_000;

/** Azure, as far as a simulation has it: emulators without sockets, all on one clock. */
export interface Cloud {
  readonly identity: Identity;
  readonly principals: Principals;
  readonly vaults: readonly VaultEmulator[];
  readonly appService: AppService;
  readonly arm: Emulator;
  readonly issuing: Authority;
  readonly root: Authority;
  /** Chains of the versions that were there at the beginning, by `vault/certificate`. */
  readonly seeded: Map<string, readonly Uint8Array[]>;
  /** Faults of App Service that are in force. */
  readonly appServiceFaults: Set<AppServiceFault>;
  vault(name: string): VaultEmulator;
  /** A token as good as the one that the managed-identity endpoint gives. */
  token(principal: keyof Principals, audience: string): string;
  /** Takes the roles of an identity away, or gives everybody's back. */
  revoke(principal: 'renewer' | 'deployer'): void;
  restoreRoles(): void;
}

export interface CloudOptions {
  readonly dice: Dice;
  readonly clock: SimClock;
  readonly certificates: readonly SimCertificate[];
  readonly onVaultEvent: (event: VaultEvent) => void;
  readonly onKey: (key: KeyObject) => void;
}

let shared: { readonly identity: Identity; readonly principals: Principals } | undefined;

/** One identity a process: its RSA key takes longer to make than most simulations take. */
function identityOf(): { readonly identity: Identity; readonly principals: Principals } {
  if (shared === undefined) {
    const identity = createIdentity({
      tenantId: SUBSCRIPTION,
      clock: { now: () => new Date() },
      tokenLifeSeconds: 86_400,
    });
    shared = { identity, principals: addPrincipals(identity) };
  }
  (shared.identity.demands as Demand[]).length = 0;
  return shared;
}

export async function createCloud(options: CloudOptions): Promise<Cloud> {
  const { dice, clock, certificates } = options;
  const { identity, principals } = identityOf();
  const names = [...new Set(certificates.map(({ vault }) => vault)), CA_VAULT];
  const vaults = names.map((name) =>
    createVault({
      ...{ name, uri: vaultUri(name), resourceId: vaultId(name), access: identity, clock },
      tenantId: SUBSCRIPTION,
      random: dice.stream(`vault ${name}`),
      keyPool: seededKeyPool(dice, options.onKey),
      events: options.onVaultEvent,
    }),
  );
  const vault = (name: string): VaultEmulator => {
    const found = vaults.find((one) => one.name === name);
    if (found === undefined) throw new TypeError(`no vault ${name}`);
    return found;
  };
  const tokens = new Map<string, { readonly text: string; readonly until: number }>();
  const token: Cloud['token'] = (principal, audience) => {
    const key = `${principal} ${audience}`;
    const known = tokens.get(key);
    if (known !== undefined && clock.milliseconds < known.until) return known.text;
    const text = identity.issueToken(principals[principal], audience);
    tokens.set(key, { text, until: clock.milliseconds + 82_800_000 });
    return text;
  };
  const restoreRoles = (): void => {
    for (const { id } of Object.values(principals)) identity.revoke(id);
    assignRoles(identity, principals, {
      vaults: names.filter((name) => name !== CA_VAULT).map(vaultId),
      caVault: vaultId(CA_VAULT),
      siteGroup: `/subscriptions/${SUBSCRIPTION}`,
    });
  };
  restoreRoles();
  const appServiceFaults = new Set<AppServiceFault>();
  const readSecret = readSecretAs(vaults, () => token('appService', 'https://vault.azure.net'));
  const appService = createAppService({ clock, readSecret, publicRoots: [], faults: appServiceFaults });
  const arm = createArm({ access: identity, clock, appService, subscriptions: [SUBSCRIPTION] });
  const { root, issuing } = await createCa(dice, clock);
  const ca = vault(CA_VAULT);
  ca.seed({
    name: 'issuing-ca',
    chain: issuing.chain,
    privateKey: issuing.keys.privateKey,
    policy: { key_props: { exportable: false }, x509_props: { key_usage: ['keyCertSign', 'digitalSignature'] } },
  });
  const cloud: Cloud = {
    ...{ identity, principals, vaults, appService, arm, issuing, root, appServiceFaults, vault, token, restoreRoles },
    seeded: new Map(),
    revoke: (principal) => void identity.revoke(principals[principal].id),
  };
  for (const certificate of certificates) await seed(cloud, certificate, { dice, options });
  return cloud;
}

async function createCa(dice: Dice, clock: SimClock): Promise<{ root: Authority; issuing: Authority }> {
  const since = new Date(clock.milliseconds - 400 * DAY);
  const years = (count: number): Date => new Date(clock.milliseconds + count * 365 * DAY);
  const root = await createAuthority({
    subject: 'CN=Contoso root CA, O=Contoso',
    notBefore: since,
    notAfter: years(15),
    keys: seededKeys(dice, 'P-256'),
  });
  const issuing = await createAuthority({
    subject: 'CN=Contoso issuing CA, O=Contoso',
    notBefore: since,
    notAfter: years(10),
    keys: seededKeys(dice, 'P-256'),
    parent: root,
    pathLength: 0,
  });
  return { root, issuing };
}

interface Seeding {
  readonly dice: Dice;
  readonly options: CloudOptions;
}

/** The current version in its vault, and the sites that serve it. */
async function seed(cloud: Cloud, certificate: SimCertificate, { dice, options }: Seeding): Promise<void> {
  const { vault, name, keyKind, notBefore, notAfter, targets } = certificate;
  const keys = seededKeys(dice, keyKind);
  const dns = hostNamesOf(certificate);
  const made = certify(cloud.issuing, {
    subject: `CN=${dns[0] ?? name}, O=Contoso`,
    names: { dns },
    ...{ notBefore, notAfter, spki: keys.spki },
    extendedKeyUsage: [purposes.serverAuth, purposes.clientAuth],
    keyUsage: ['digitalSignature'],
  });
  options.onKey(keys.privateKey);
  cloud.seeded.set(`${vault}/${name}`, made.chain);
  cloud.vault(vault).seed({
    name,
    chain: made.chain,
    privateKey: keys.privateKey,
    policy: { issuer: { name: 'Unknown' }, x509_props: { validity_months: 3 } },
    tags: { owner: `team-${name}` },
    createdAt: notBefore,
  });
  const imported = { location: LOCATION, keyVaultId: vaultId(vault), keyVaultSecretName: name };
  for (const target of targets) {
    const site = cloud.appService.addSite({
      resourceId: target.site,
      location: LOCATION,
      environment: 'ase-v3',
      hostNames: [target.hostName],
    });
    const provider = target.site.slice(0, target.site.indexOf('/sites/'));
    const resourceId = `${provider}/certificates/${target.certificateResource}`;
    await cloud.appService.seedCertificate(site, { ...imported, resourceId });
    if (certificate.hasKeeper) {
      await cloud.appService.importCertificate({ ...imported, resourceId: `${provider}/certificates/keeper` });
    }
  }
}
