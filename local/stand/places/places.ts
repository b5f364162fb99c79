import { computeSource } from '../../arm/graph/compute.ts';
import type { Gateways } from '../../arm/network/gateways.ts';
import { portOffsets } from '../ground.ts';
import type { Seeded, SeededEstate } from '../scenarios.ts';
import { type OpenedClusters, openClusters } from './clusters.ts';
import { openGateways } from './gateways.ts';
import { openScaleSets, openVirtualMachines } from './machines.ts';
import type { OpenedPlaces, PlaceGround, SeededPlace, WantedPlace } from './place.ts';
import type { PlaceKind } from './stories.ts';
import { type OpenedWebhooks, openWebhooks } from './webhooks.ts';

/** Every place of the estate that is none of App Service. */
export interface Places extends Pick<OpenedPlaces, 'routes' | 'sources'> {
  /** In the order of the story. */
  of(seeded: Seeded): readonly SeededPlace[];
  readonly gateways: Gateways;
  readonly clusterOf: OpenedClusters['clusterOf'];
  readonly unbind: OpenedClusters['unbind'];
  readonly hookOf: OpenedWebhooks['hookOf'];
  /** When nothing goes on that the clock does not wait for. */
  settled(): Promise<void>;
}

/** Opens one kind after the other. The vaults have to be filled: everybody reads them first. */
export async function openPlaces(ground: PlaceGround, { certificates }: SeededEstate): Promise<Places> {
  const { cloud, compute } = ground;
  const stories = certificates.flatMap((seeded) =>
    (seeded.places ?? []).map((place, index) => ({ seeded, place, index })),
  );
  const wanted = stories.map(({ seeded, place, index }, at): WantedPlace => {
    const hostName = seeded.hostNames[seeded.sites.length + index] ?? '';
    return { ...place, seeded, hostName, port: cloud.port(portOffsets.fronts + at) };
  });
  const ofKind = (kind: PlaceKind) => wanted.filter((one) => one.kind === kind);
  const machines = await openVirtualMachines(ground, ofKind('virtual-machine'));
  const scaleSets = await openScaleSets(ground, ofKind('scale-set'));
  const { gateways, ...networks } = await openGateways(ground, ofKind('application-gateway'));
  const clusters = await openClusters(ground, ofKind('kubernetes'));
  const webhooks = await openWebhooks(ground, ofKind('webhook'));
  const all = [machines, scaleSets, networks, clusters, webhooks].flatMap(({ places }) => places);
  return {
    routes: [scaleSets, networks, clusters].flatMap(({ routes }) => routes),
    sources: [computeSource(compute), ...networks.sources],
    of: (seeded) => wanted.flatMap(({ hostName, ...one }) => (one.seeded === seeded ? found(all, hostName) : [])),
    gateways,
    clusterOf: clusters.clusterOf,
    unbind: clusters.unbind,
    hookOf: webhooks.hookOf,
    settled: async () => void (await Promise.all([compute.settled(), gateways.settled(), clusters.settled()])),
  };
}

function found(places: readonly SeededPlace[], hostName: string): readonly SeededPlace[] {
  return places.filter((place) => place.hostName === hostName);
}
