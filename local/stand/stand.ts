import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { readCertificate } from '../../src/certificate/read.ts';
import { createAppService } from '../arm/app-service.ts';
import { createArm } from '../arm/arm.ts';
import type { Azurite } from '../azurite.ts';
import { type StandClock, systemClock } from '../clock.ts';
import { type ConsumerEndpoint, startConsumers } from '../consumers/consumers.ts';
import { managedIdentityPath } from '../identity/identity.ts';
import type { MadeWithKeys } from '../pki.ts';
import { vaultAudience } from '../vault/challenge.ts';
import { placeOf } from './addresses.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { estateFile, type SeededSite } from './estate-file.ts';
import { type Before, portOffsets } from './ground.ts';
import type { Fault } from './options.ts';
import { type Scenario, type Seeded, type SeededEstate, seedEstate } from './scenarios.ts';
import { readSecretAs } from './secret-reader.ts';
import { createInternalCa, makeAll, seedCa, seedCertificate, seedForeignPending, seedStalePending } from './seeding.ts';
import { callVault } from './vault-call.ts';
import { type WrongKeyFault, withWrongKey } from './wrong-key.ts';

export interface StandOptions {
  readonly seed: number;
  /** 0: any free ports. */
  readonly basePort: number;
  readonly directory: string;
  readonly fault?: Fault;
  /** Stories of other certificates than the demo's. */
  readonly scenarios?: readonly Scenario[];
  readonly clock?: StandClock;
  /** Starts the storage; absent: Azurite, in memory. */
  readonly startStorage?: () => Promise<Azurite>;
  /** What stands before the emulators. */
  readonly before?: Before;
  readonly log?: (message: string) => void;
}

interface Shown {
  readonly sha256: string;
  readonly serial: string;
}

/** Everything that Azure would be, on this machine: the cloud, an estate that is due, and sites that serve it. */
export interface Stand {
  readonly estate: SeededEstate;
  readonly cloud: Cloud;
  readonly rootPem: string;
  readonly estateFile: string;
  /** App settings with which the app finds all of it. */
  readonly settings: Readonly<Record<string, string>>;
  siteOf(seeded: Seeded, index: number): SeededSite;
  /** What the vault held as current at first. */
  initial(seeded: Seeded): Shown;
  /** What the vault holds as current now. */
  current(seeded: Seeded): Promise<Shown>;
  /** Lets the vault raise the event that its expiry calls for. */
  raise(seeded: Seeded): void;
  stop(): Promise<void>;
}

export async function startStand(options: StandOptions): Promise<Stand> {
  const { clock = systemClock, log = () => undefined } = options;
  const estate = seedEstate(options.seed, options.scenarios);
  const internalCa = createInternalCa(estate.company, clock.now());
  const certificates = internalCa.then(({ issuing }) => makeAll(estate, issuing, clock.now()));
  certificates.catch(() => undefined);
  const wrongKey = wrongKeyFault(options, estate, () => internalCa);
  const cloud = await startCloud({ ...options, estate, clock, log, ...(wrongKey && { tamper: wrongKey.tamper }) });
  wrongKey?.arm(cloud);
  try {
    const { root, policy, issuing } = await internalCa;
    const caCertificate = seedCa(cloud.vault(estate.caVaultName), issuing);
    const made = await certificates;
    await fillVaults(cloud, made);
    const [siteOf] = await Promise.all([
      openSites(cloud, estate, { clock, log, fault: options.fault }),
      openPending(cloud, made),
    ]);
    const file = join(dirname(cloud.caFile), 'estate.yaml');
    const vaults = estate.vaultNames.map((name) => placeOf(cloud.vault(name)));
    await writeFile(
      file,
      estateFile(estate, { vaults, caCertificate, policyPem: policy.pem, rootPem: root.pem, siteOf }),
    );
    return standOf({ cloud, estate, made, siteOf, rootPem: root.pem, file, settings: await settingsOf(cloud, file) });
  } catch (error) {
    await cloud.stop();
    throw error;
  }
}

interface Parts extends Pick<Stand, 'cloud' | 'estate' | 'siteOf' | 'rootPem' | 'settings'> {
  readonly made: ReadonlyMap<Seeded, MadeWithKeys>;
  readonly file: string;
}

function standOf({ made, file, ...parts }: Parts): Stand {
  const { cloud } = parts;
  return {
    ...parts,
    estateFile: file,
    initial(seeded) {
      const current = made.get(seeded);
      if (current === undefined) throw new TypeError(`stand: ${seeded.name} was never made`);
      return { sha256: sha256Hex(current.der), serial: current.details.serial };
    },
    current: (seeded) => currentOf(cloud, seeded),
    raise(seeded) {
      const expired = seeded.leftDays < 0;
      const type = expired ? 'Microsoft.KeyVault.CertificateExpired' : 'Microsoft.KeyVault.CertificateNearExpiry';
      cloud.vault(seeded.vaultName).announce(seeded.name, type);
    },
    stop: () => cloud.stop(),
  };
}

async function fillVaults(cloud: Cloud, made: ReadonlyMap<Seeded, MadeWithKeys>): Promise<void> {
  const token = cloud.identity.issueToken(cloud.principals.operator, vaultAudience);
  for (const [seeded, current] of made)
    await seedCertificate(seeded, current, { vault: cloud.vault(seeded.vaultName), token });
}

/** Requests that were left pending: by somebody else, and by ourselves long ago. */
async function openPending(cloud: Cloud, made: ReadonlyMap<Seeded, MadeWithKeys>): Promise<void> {
  const storage = async () => (await cloud.azurite).connectionString;
  for (const seeded of made.keys()) {
    if (seeded.key === 'foreign-pending') await seedForeignPending(seeded, cloud.vault(seeded.vaultName));
    if (seeded.key === 'stale-pending') await seedStalePending(seeded, cloud.vault(seeded.vaultName), storage);
  }
}

/** App Service with all seeded sites, each behind a TLS listener of its own, and the API that deploys to them. */
async function openSites(
  cloud: Cloud,
  estate: SeededEstate,
  with_: { readonly clock: StandClock; readonly log: (message: string) => void; readonly fault: Fault | undefined },
): Promise<Stand['siteOf']> {
  const { clock, log, fault } = with_;
  const readSecret = readSecretAs(cloud.vaults, () =>
    cloud.identity.issueToken(cloud.principals.appService, vaultAudience),
  );
  const appService = createAppService({ clock, readSecret, log });
  const wanted = estate.certificates.flatMap((seeded) =>
    seeded.hostNames.map((hostName, index) => siteSeed(cloud, { seeded, index, hostName })),
  );
  const seeds = wanted.map(({ consumer }, at) => ({ ...consumer, port: cloud.port(portOffsets.sites + at) }));
  const liar =
    fault === 'target.lies'
      ? wanted.find(({ seeded }) => seeded.key === 'near-expiry')?.consumer.resourceId
      : undefined;
  const consumers = await startConsumers({ appService, clock, seeds, lies: (site) => site.resourceId === liar });
  cloud.onStop(() => appService.stop());
  cloud.onStop(() => consumers.close());
  const arm = createArm({ access: cloud.identity, clock, appService, subscriptions: [estate.subscription] });
  await cloud.mount(arm, { offset: portOffsets.arm, name: 'arm' });
  return (seeded, index) => {
    const found = wanted.find((one) => one.seeded === seeded && one.index === index);
    const endpoint = consumers.endpoints.find(({ sni }) => sni === found?.hostName);
    return siteAt(seeded, index, { found, endpoint });
  };
}

function siteSeed(cloud: Cloud, { seeded, index, hostName }: { seeded: Seeded; index: number; hostName: string }) {
  const site = seeded.sites[index];
  const suffix = index === 0 ? '' : `-${index + 1}`;
  const certificateResource = `${seeded.vaultName}-${seeded.name}`;
  const consumer = {
    resourceId: `${cloud.group}/providers/Microsoft.Web/sites/${seeded.name}${suffix}`,
    location: 'westeurope',
    environment: site?.environment ?? ('ase-v3' as const),
    hostNames: [hostName],
    lagSeconds: site?.lagSeconds ?? 0,
    certificate: {
      resourceId: `${cloud.group}/providers/Microsoft.Web/certificates/${certificateResource}`,
      keyVaultId: cloud.vault(seeded.vaultName).resourceId,
      keyVaultSecretName: seeded.name,
    },
  };
  return { seeded, index, hostName, certificateResource, consumer };
}

function siteAt(
  seeded: Seeded,
  index: number,
  { found, endpoint }: { found: ReturnType<typeof siteSeed> | undefined; endpoint: ConsumerEndpoint | undefined },
): SeededSite {
  if (found === undefined || endpoint === undefined) throw new TypeError(`stand: ${seeded.name} has no site ${index}`);
  const { consumer, certificateResource, hostName } = found;
  return { resourceId: consumer.resourceId, certificateResource, hostName, port: endpoint.port };
}

async function settingsOf(cloud: Cloud, file: string): Promise<Record<string, string>> {
  const { connectionString } = await cloud.azurite;
  return {
    AzureWebJobsStorage: connectionString,
    FUNCTIONS_WORKER_RUNTIME: 'node',
    NODE_EXTRA_CA_CERTS: cloud.caFile,
    IDENTITY_ENDPOINT: `${cloud.urls.identity}${managedIdentityPath}`,
    IDENTITY_HEADER: cloud.identity.secret,
    PERENNIAL_ESTATE: file,
    PERENNIAL_STORAGE_CONNECTION: connectionString,
    PERENNIAL_RENEWER_CLIENT_ID: cloud.principals.renewer.clientId,
    PERENNIAL_DEPLOYER_CLIENT_ID: cloud.principals.deployer.clientId,
    PERENNIAL_ARM_ENDPOINT: cloud.urls.arm ?? '',
    PERENNIAL_VERIFY_VAULT_CHALLENGE: 'false',
  };
}

async function currentOf(cloud: Cloud, { vaultName, name }: Seeded): Promise<Shown> {
  const vault = cloud.vault(vaultName);
  const token = cloud.identity.issueToken(cloud.principals.operator, vaultAudience);
  const { body } = await callVault(vault, { method: 'GET', path: `/certificates/${name}/`, token });
  const { sha256, serial } = readCertificate(Buffer.from(String(body.cer), 'base64'));
  return { sha256, serial };
}

/** The fault needs the running cloud, and the cloud needs the fault before it runs: hence `arm` afterwards. */
function wrongKeyFault(
  { fault }: StandOptions,
  estate: SeededEstate,
  internalCa: () => ReturnType<typeof createInternalCa>,
) {
  const victim = estate.certificates.find(({ key }) => key === 'near-expiry');
  if (fault !== 'issuer.wrong-key' || victim === undefined) return undefined;
  let started: Cloud | undefined;
  const storage: WrongKeyFault['storage'] = async () => (await started?.azurite)?.connectionString ?? '';
  return {
    arm: (cloud: Cloud) => {
      started = cloud;
    },
    tamper: (vault: Parameters<typeof withWrongKey>[0] & { readonly name: string }) =>
      vault.name === victim.vaultName
        ? withWrongKey(vault, { victim, storage, ca: async () => (await internalCa()).issuing })
        : vault,
  };
}
