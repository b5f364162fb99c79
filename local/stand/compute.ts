import { type Compute, createCompute } from '../arm/compute/compute.ts';
import { computeRoutes } from '../arm/compute/routes.ts';
import type { Operations } from '../arm/operations.ts';
import type { ArmRoute } from '../arm/request.ts';
import type { StandClock } from '../clock.ts';
import type { Cloud } from './cloud.ts';
import type { SeededEstate } from './scenarios.ts';
import { letRead } from './secret-reader.ts';

/** Microsoft.Compute without machines. Those that are added read the vaults of the estate with an identity of their own. */
export function openCompute(
  cloud: Cloud,
  { vaultNames }: SeededEstate,
  { clock, operations }: { readonly clock: StandClock; readonly operations: Operations },
): { readonly compute: Compute; readonly routes: readonly ArmRoute[] } {
  const vaults = vaultNames.map((vaultName) => ({ seeded: { vaultName } }));
  const readSecret = letRead(cloud, cloud.principals.machines, vaults);
  const compute = createCompute({ clock, readSecret });
  cloud.onStop(() => compute.stop());
  return { compute, routes: computeRoutes(compute, operations) };
}
