import { type EventBook, eventRoutes } from '../arm/event-routes.ts';
import type { ArmRoute } from '../arm/request.ts';
import { roleRoutes } from '../arm/role-routes.ts';
import type { Cloud } from './cloud.ts';
import { deadLetterContainer } from './dead-letter-container.ts';

/** What Resource Manager shows besides App Service: who may do what, and which way events go. It is what is really in force. */
export function governanceRoutes(cloud: Cloud): readonly ArmRoute[] {
  const { identity, principals, group, where } = cloud;
  const identities = (['renewer', 'deployer', 'reader'] as const).map((duty) => ({
    name: `stand-${duty}`,
    ...{ clientId: principals[duty].clientId, principalId: principals[duty].id },
    resourceId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/stand-${duty}`,
  }));
  const book: EventBook = {
    topics: where.vaults.map((source) => ({ source, resourceId: `${group}/${TOPICS}/${topicName(source)}` })),
    subscriptions: () => cloud.events.subscriptions(),
    functionAppId: functionAppId(cloud),
    deadLetters: {
      ...{ accountId: where.storageAccount, container: deadLetterContainer },
      exists: async (container) => hasContainer((await cloud.azurite).connectionString, container),
    },
  };
  return [...roleRoutes({ assignments: () => identity.assignments(), identities }), ...eventRoutes(book)];
}

const TOPICS = 'providers/Microsoft.EventGrid/systemTopics';

/** As the deployment names the topic of a vault. */
export function topicName(vaultId: string): string {
  return `${vaultId.split('/').at(-1) ?? ''}-perennial`;
}

/** What the app would be as a resource. */
export function functionAppId({ group }: Pick<Cloud, 'group'>): string {
  return `${group}/providers/Microsoft.Web/sites/stand-app`;
}

/** The client comes with the first question: most runs ask none. */
async function hasContainer(connectionString: string, name: string): Promise<boolean> {
  const { ContainerClient } = await import('@azure/storage-blob');
  return new ContainerClient(connectionString, name).exists();
}
