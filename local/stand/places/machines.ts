import { scaleSetRoutes } from '../../arm/compute/scale-sets.ts';
import { type MachineConsumers, serveMachines } from '../../consumers/machines.ts';
import type { Seeded } from '../scenarios.ts';
import {
  endpointOf,
  LOCATION,
  type OpenedPlaces,
  type PlaceGround,
  type SeededPlace,
  secretOf,
  type WantedPlace,
} from './place.ts';

const INSTANCES = 3;

/** A machine for each certificate, which its Key Vault extension keeps up to date. */
export async function openVirtualMachines(
  ground: PlaceGround,
  wanted: readonly WantedPlace[],
): Promise<Pick<OpenedPlaces, 'places'>> {
  const places: SeededPlace[] = [];
  for (const one of wanted) {
    const resourceId = `${ground.cloud.group}/providers/Microsoft.Compute/virtualMachines/vm-${one.seeded.name}`;
    await addMachine(ground, one, resourceId);
    places.push(await opened(ground, one, { resourceId, machine: resourceId }));
  }
  return { places };
}

/** A uniform scale set for each certificate. Its instances serve under one name, and one of them answers. */
export async function openScaleSets(ground: PlaceGround, wanted: readonly WantedPlace[]): Promise<OpenedPlaces> {
  const places: SeededPlace[] = [];
  for (const one of wanted) {
    const resourceId = `${ground.cloud.group}/providers/Microsoft.Compute/virtualMachineScaleSets/vmss-${one.seeded.name}`;
    for (let instance = 0; instance < INSTANCES; instance++)
      await addMachine(ground, one, `${resourceId}/virtualMachines/${instance}`);
    places.push(await opened(ground, one, { resourceId, scaleSet: resourceId }));
  }
  const sets = places.map(({ resourceId }) => {
    return { resourceId, location: LOCATION, orchestrationMode: 'Uniform' as const };
  });
  return { places, routes: scaleSetRoutes(ground.compute, { sets }), sources: [] };
}

/** Where the machine's service finds its certificate: the link that the Key Vault extension keeps. */
function guestOf({ vaultName, name }: Seeded) {
  return { path: `/var/lib/waagent/Microsoft.Azure.KeyVault.Store/${vaultName}.${name}`, service: `${name}-web` };
}

async function addMachine(ground: PlaceGround, { seeded, hostName }: WantedPlace, resourceId: string): Promise<void> {
  const place = { secret: secretOf(ground, seeded), ...guestOf(seeded), hostNames: [hostName] };
  await ground.compute.addMachine({ resourceId, location: LOCATION, os: 'linux', places: [place] });
}

async function opened(
  { cloud, compute }: PlaceGround,
  { seeded, kind, hostName, port: free }: WantedPlace,
  { resourceId, ...which }: { readonly resourceId: string } & Readonly<Record<string, string>>,
): Promise<SeededPlace> {
  const consumers: MachineConsumers = await serveMachines(compute, { port: free });
  cloud.onStop(() => consumers.close());
  const { port } = consumers;
  const guest = { location: LOCATION, os: 'linux', ...guestOf(seeded), apply: 'restart' };
  const target = { kind, ...which, ...guest, endpoint: endpointOf({ hostName, port }) };
  return { seeded, kind, resourceId, hostName, port, target };
}
