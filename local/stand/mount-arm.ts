import type { AppService } from '../arm/app-service.ts';
import { createArm } from '../arm/arm.ts';
import { graphRoutes } from '../arm/graph/graph.ts';
import type { GraphSource } from '../arm/graph/resources.ts';
import type { ArmRoute } from '../arm/request.ts';
import type { ArmLimits } from '../arm/throttle.ts';
import type { Cloud } from './cloud.ts';
import { governanceRoutes } from './governance.ts';
import { portOffsets } from './ground.ts';
import type { SeededEstate } from './scenarios.ts';

/** What the providers of the stand add to Resource Manager. */
export interface Providers {
  readonly appService: AppService;
  readonly routes: readonly ArmRoute[];
  /** What Resource Graph shows: one of each provider. */
  readonly sources: readonly GraphSource[];
  /** What is taken of one principal; absent: as much as Azure takes. */
  readonly limits?: ArmLimits;
}

/** The API that deploys to every kind of place. */
export async function mountArm(
  cloud: Cloud,
  { subscription }: SeededEstate,
  { appService, routes, sources, limits }: Providers,
): Promise<void> {
  const { identity: access, clock, traffic } = cloud;
  const subscriptions = [subscription];
  const arm = createArm({
    ...{ access, clock, appService, subscriptions, traffic },
    ...(limits && { limits }),
    routes: [...governanceRoutes(cloud), ...graphRoutes({ access, clock, subscriptions, sources }), ...routes],
  });
  await cloud.mount(arm, { offset: portOffsets.arm, name: 'arm', family: 'arm' });
}
