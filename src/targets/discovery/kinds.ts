import type { KindLook } from './found.ts';
import { apiManagement } from './kinds/api-management.ts';
import { appService } from './kinds/app-service.ts';
import { appSettings } from './kinds/app-settings.ts';
import { applicationGateway } from './kinds/application-gateway.ts';
import { containerApps } from './kinds/container-apps.ts';
import { frontDoor } from './kinds/front-door.ts';
import { serviceFabric } from './kinds/managed-cluster.ts';
import { scaleSet } from './kinds/scale-set.ts';
import { virtualMachine } from './kinds/virtual-machine.ts';

/** Every kind of place that is looked for, one line each. */
export const kindLooks: readonly KindLook[] = [
  appService,
  appSettings,
  applicationGateway,
  virtualMachine,
  scaleSet,
  apiManagement,
  containerApps,
  frontDoor,
  serviceFabric,
];

/** Which subscriptions the identity sees at all: of the others no query says a word. */
export const subscriptionsQuery = `resourcecontainers
| where type =~ 'microsoft.resources/subscriptions'
| project id
| order by id asc`;
