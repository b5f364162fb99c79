import { dnsRoutes } from '../arm/dns-routes.ts';
import { createDnsZones } from '../arm/dns-zones.ts';
import { appServiceSource } from '../arm/graph/app-service.ts';
import { createOperations } from '../arm/operations.ts';
import type { ArmLimits } from '../arm/throttle.ts';
import type { StandClock } from '../clock.ts';
import type { MadeWithKeys } from '../pki.ts';
import type { Cloud } from './cloud.ts';
import { openCompute } from './compute.ts';
import { letOperatorIn } from './credentials.ts';
import { type Machines, openMachines } from './fleet/machines.ts';
import { type ForeignAuthorities, type IssuerEntry, mountForeignIssuers } from './foreign-issuers.ts';
import { mountArm } from './mount-arm.ts';
import { openPlaces, type Places } from './places/places.ts';
import type { Seeded, SeededEstate } from './scenarios.ts';
import { openSites, type Sites } from './sites.ts';
import { openPending } from './vault-content.ts';

/** What serves, and who issues. */
export interface Opened {
  readonly siteOf: Sites['siteOf'];
  readonly machines: Machines;
  readonly places: Places;
  /** Of issuers that are servers of their own. */
  readonly entries: readonly IssuerEntry[];
}

/** Everything that serves or issues certificates, and Resource Manager before it. */
export async function openProviders(
  cloud: Cloud,
  estate: SeededEstate,
  {
    clock,
    log,
    liars,
    prepared,
    limits,
  }: {
    readonly clock: StandClock;
    readonly log: (message: string) => void;
    readonly liars: ReadonlySet<string>;
    readonly prepared: { readonly foreign: ForeignAuthorities; readonly made: ReadonlyMap<Seeded, MadeWithKeys> };
    readonly limits?: ArmLimits;
  },
): Promise<Opened> {
  const dns = createDnsZones({ clock, zones: [cloud.dnsZone] });
  const operations = createOperations({ clock, origin: () => cloud.urls.arm ?? '' });
  cloud.onStop(() => operations.stop());
  letOperatorIn(cloud);
  const { compute, routes } = openCompute(cloud, estate, { clock, operations });
  const machines = await openMachines(cloud, estate, compute);
  const [{ appService, siteOf }, places, entries] = await Promise.all([
    openSites(cloud, estate, { clock, log, liars }),
    openPlaces({ cloud, clock, compute, operations }, estate),
    mountForeignIssuers({ cloud, clock, dns }, prepared.foreign),
    openPending(cloud, prepared.made),
  ]);
  await mountArm(cloud, estate, {
    ...{ appService, routes: [...dnsRoutes(dns), ...routes, ...operations.routes, ...places.routes] },
    sources: [appServiceSource(appService), ...places.sources],
    ...(limits && { limits }),
  });
  return { siteOf, machines, places, entries };
}
