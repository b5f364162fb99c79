import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { derToPem } from '../../src/certificate/pem.ts';
import type { ArmLimits } from '../arm/throttle.ts';
import type { Azurite } from '../azurite.ts';
import { type StandClock, systemClock } from '../clock.ts';
import { type AppTrouble, createAppTrouble } from '../faults/app-trouble.ts';
import { type Background, createBackground } from '../faults/background.ts';
import type { FaultName } from '../faults/catalogue.ts';
import { createFaults, type SetUp, type SetUpFault } from '../faults/faults.ts';
import { TOKEN_LIFE_SECONDS } from '../faults/outages.ts';
import type { MadeWithKeys } from '../pki.ts';
import { placeOf } from './addresses.ts';
import { appSettings } from './app-settings.ts';
import { type Cloud, startCloud } from './cloud.ts';
import { estateFile } from './estate-file.ts';
import type { FleetFaultName } from './fleet/faults.ts';
import type { Machines } from './fleet/machines.ts';
import { fleetStory } from './fleet/story.ts';
import { createForeignAuthorities, type ForeignAuthorities } from './foreign-issuers.ts';
import type { Before } from './ground.ts';
import { authorityOf, createIssuers, formerAuthorityOf, type Issuers, withFault } from './own-issuers.ts';
import type { Places } from './places/places.ts';
import { type Opened, openProviders } from './providers.ts';
import type { Role } from './roles.ts';
import { type Scenario, type Seeded, type SeededEstate, scenarios, seedEstate } from './scenarios.ts';
import { createInternalCa, makeAll, seedCa } from './seeding.ts';
import { type ServedPlace, servedByPlace, servedBySite } from './served.ts';
import type { Sites } from './sites.ts';
import { currentOf, fillVaults, type Shown } from './vault-content.ts';

export interface StandOptions {
  readonly seed: number;
  /** 0: any free ports. */
  readonly basePort: number;
  readonly directory: string;
  /** What befalls the renewal of the first story. */
  readonly fault?: FaultName;
  /** How long outages of `fault` last by the stand's clock; absent: 8. */
  readonly outageSeconds?: number;
  /** Seed of passing faults that befall a small share of all calls; absent: none. */
  readonly faults?: number;
  /** The built `local/faults/preload.ts`; in a build it lies beside the stand. */
  readonly preload?: string;
  /** Stories of other certificates than the demo's. */
  readonly scenarios?: readonly Scenario[];
  /** One client certificate on so many machines, in place of all stories. */
  readonly fleet?: number;
  readonly fleetFault?: FleetFaultName;
  readonly clock?: StandClock;
  /** Starts the storage; absent: Azurite, in memory. */
  readonly startStorage?: () => Promise<Azurite>;
  /** What stands before the emulators. */
  readonly before?: Before;
  /** The app's roles; absent: those that are deployed. */
  readonly roles?: readonly Role[];
  /** What Resource Manager takes of one principal; absent: as much as Azure's. */
  readonly armLimits?: ArmLimits;
  readonly log?: (message: string) => void;
}

/** Everything that Azure would be, on this machine: the cloud, an estate that is due, and sites that serve it. */
export interface Stand {
  readonly estate: SeededEstate;
  readonly cloud: Cloud;
  /** PEM of the root that its chain ends at. */
  rootPemOf(seeded: Seeded): string;
  readonly estateFile: string;
  /** App settings with which the app finds all of it: its storage by its identity, as in Azure. */
  readonly settings: Readonly<Record<string, string>>;
  /** Opens the storage with its key, past tokens and roles. */
  readonly connectionString: string;
  readonly siteOf: Sites['siteOf'];
  readonly machines: Machines;
  /** Places that are no sites. */
  readonly places: Places;
  /** Where a certificate is served: at its sites first, then at its other places. */
  servedAt(seeded: Seeded): readonly ServedPlace[];
  /** What the vault held as current at first. */
  initial(seeded: Seeded): Shown;
  /** What the vault holds as current now. */
  current(seeded: Seeded): Promise<Shown>;
  /** The passing faults that are in force. */
  readonly background: Background | undefined;
  /** Sets up the fault that a certificate's story names. Outages last `seconds`. */
  setUp: SetUpFault;
  /** What was set up because the stand was told of it. */
  readonly fault: SetUp | undefined;
  /** Lets the vault raise the event that its expiry calls for. */
  raise(seeded: Seeded): void;
  stop(): Promise<void>;
}

export async function startStand(options: StandOptions): Promise<Stand> {
  const { clock = systemClock, log = () => undefined } = options;
  const estate = seedEstate(options.seed, storiesOf(options));
  const preparing = prepare(estate, clock);
  preparing.catch(() => undefined);
  const background = options.faults === undefined ? undefined : createBackground(options.faults);
  const cloud = await startCloud({
    ...{ ...options, estate, clock, log },
    ...(background && { background }),
    ...(needs(estate, 'id.') && { tokenLifeSeconds: TOKEN_LIFE_SECONDS }),
  });
  try {
    const prepared = await preparing;
    await fillVaults(cloud, prepared.made);
    const liars = new Set<string>();
    const { armLimits: limits } = options;
    const opened = await openProviders(cloud, estate, { clock, log, liars, prepared, ...(limits && { limits }) });
    const file = await writeEstate(cloud, estate, { ...prepared, ...opened });
    await befallFleet(opened.machines, estate, options.fleetFault);
    const parts = { cloud, estate, ...opened, background, liars, ...prepared, file };
    return standOf({ ...parts, ...(await settingsAndTrouble(parts, options)) }, options);
  } catch (error) {
    await cloud.stop();
    throw error;
  }
}

function storiesOf({ fleet, scenarios: stories = scenarios, fault }: StandOptions): readonly Scenario[] {
  return fleet === undefined ? withFault(stories, fault) : [fleetStory(fleet)];
}

async function befallFleet(machines: Machines, { certificates }: SeededEstate, fault: FleetFaultName | undefined) {
  if (fault === undefined) return;
  for (const seeded of certificates.filter(({ machines: count }) => count !== undefined))
    await machines.befall(seeded, fault);
}

interface Prepared {
  readonly issuers: Issuers;
  readonly foreign: ForeignAuthorities;
  readonly made: ReadonlyMap<Seeded, MadeWithKeys>;
}

/** Keys take their time: they are made while the cloud starts. */
async function prepare(estate: SeededEstate, clock: StandClock): Promise<Prepared> {
  const now = clock.now();
  const issuers = await createIssuers(estate, await createInternalCa(estate.company, now), now);
  const foreign = createForeignAuthorities(estate, clock);
  const formerOf = (seeded: Seeded) =>
    (seeded.issuer && foreign.get(seeded.issuer)) ?? formerAuthorityOf(issuers, seeded);
  return { issuers, foreign, made: await makeAll(estate, formerOf, now) };
}

function needs({ certificates }: SeededEstate, prefix: string): boolean {
  return certificates.some(({ fault }) => fault?.startsWith(prefix));
}

async function writeEstate(
  cloud: Cloud,
  estate: SeededEstate,
  { issuers, siteOf, places: { of: placesOf }, entries }: Prepared & Opened,
): Promise<string> {
  const { ca, own } = issuers;
  const caVault = cloud.vault(estate.caVaultName);
  const caCertificate = seedCa(caVault, ca.issuing);
  const seedOwn = (seeded: Seeded): string => {
    const { authority, name } = authorityOf(issuers, seeded);
    return seedCa(caVault, authority, name);
  };
  const places = {
    vaults: estate.vaultNames.map((name) => placeOf(cloud.vault(name))),
    ...{ caCertificate, policyPem: ca.policy.pem, rootPem: ca.root.pem, siteOf, placesOf },
    foreign: entries,
    own: new Map([...own].map(([seeded, issuer]) => [seeded, { ...issuer, certificate: seedOwn(seeded) }] as const)),
  };
  const file = join(dirname(cloud.caFile), 'estate.yaml');
  await writeFile(file, estateFile(estate, places));
  return file;
}

/** The app's own process is touched only when a fault is to happen there. */
async function settingsAndTrouble(
  { cloud, estate, file }: Pick<Parts, 'cloud' | 'estate' | 'file'>,
  options: StandOptions,
) {
  const trouble = createAppTrouble(cloud.directory, options.preload);
  const isTroubled = needs(estate, 'net.dns') || needs(estate, 'clock.');
  const { connectionString } = await cloud.azurite;
  const settings = { ...appSettings(cloud, file, connectionString), ...(isTroubled && trouble.settings) };
  return { trouble, settings, connectionString };
}

interface Parts
  extends Prepared,
    Pick<
      Stand,
      'cloud' | 'estate' | 'siteOf' | 'machines' | 'places' | 'background' | 'settings' | 'connectionString'
    > {
  readonly file: string;
  readonly liars: Set<string>;
  readonly trouble: AppTrouble;
}

function standOf(parts: Parts, { fault, outageSeconds }: StandOptions): Stand {
  const {
    cloud,
    estate,
    issuers,
    foreign,
    made,
    siteOf,
    machines,
    places,
    background,
    settings,
    connectionString,
    file,
    liars,
    trouble,
  } = parts;
  const madeOf = (seeded: Seeded): MadeWithKeys => {
    const current = made.get(seeded);
    if (current === undefined) throw new TypeError(`stand: ${seeded.name} was never made`);
    return current;
  };
  const setUp = createFaults({
    ...{ cloud, estate, app: trouble, liars, oldOf: madeOf },
    authorityOf: (seeded) => authorityOf(issuers, seeded),
    siteIds: (seeded) => seeded.sites.map((_, index) => siteOf(seeded, index).resourceId),
  });
  const victim = fault && estate.certificates.find((seeded) => seeded.fault === fault);
  return {
    ...{
      cloud,
      estate,
      siteOf,
      machines,
      places,
      background,
      settings,
      connectionString,
      setUp,
      estateFile: file,
    },
    fault: victim && setUp(victim, outageSeconds),
    servedAt: (seeded) => [
      ...seeded.sites.map((_, index) => servedBySite(siteOf(seeded, index))),
      ...places.of(seeded).map(servedByPlace),
    ],
    rootPemOf({ issuer }) {
      const theirs = issuer && foreign.get(issuer);
      return theirs === undefined ? issuers.ca.root.pem : derToPem(theirs.roots()[0]);
    },
    initial(seeded) {
      const { der, details } = madeOf(seeded);
      return { sha256: sha256Hex(der), serial: details.serial };
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
