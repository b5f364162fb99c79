import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import { endpointKind } from '../events/endpoint.ts';
import type { Subscription } from '../events/subscription.ts';
import { resourceNotFound } from './answers.ts';
import type { ArmRoute } from './request.ts';

/** What events pass through, as Resource Manager shows it. */
export interface EventBook {
  /** One system topic a vault, by its ARM id. */
  readonly topics: readonly { readonly resourceId: string; readonly source: string }[];
  /** Those that are really delivered to. */
  subscriptions(): readonly Subscription[];
  /** ARM id of the app, whose functions endpoints name. */
  readonly functionAppId: string;
  readonly deadLetters: {
    /** ARM id of the storage account. */
    readonly accountId: string;
    readonly container: string;
    /** Whether the storage has a container of that name now. */
    exists(container: string): Promise<boolean>;
  };
}

const GROUP = '/subscriptions/{subscription}/resourcegroups/{group}/providers';
const TOPIC = `${GROUP}/microsoft.eventgrid/systemtopics/{topic}`;

/** System topics, their subscriptions, and the container of the dead letters: to read only. */
export function eventRoutes(book: EventBook): readonly ArmRoute[] {
  const topicOf = (path: string) => book.topics.find(({ resourceId }) => sameText(resourceId, path));
  return [
    {
      method: 'GET',
      template: TOPIC,
      action: 'Microsoft.EventGrid/systemTopics/read',
      run: ({ path, parameters }) => {
        const topic = topicOf(path);
        if (topic === undefined) return missing('Microsoft.EventGrid/systemTopics', parameters.topic, parameters.group);
        return jsonResponse(200, topicShape(topic));
      },
    },
    {
      method: 'GET',
      template: `${TOPIC}/eventsubscriptions`,
      action: 'Microsoft.EventGrid/systemTopics/eventSubscriptions/read',
      run: ({ path, parameters }) => {
        const topic = topicOf(path.slice(0, path.lastIndexOf('/')));
        if (topic === undefined) return missing('Microsoft.EventGrid/systemTopics', parameters.topic, parameters.group);
        const found = book
          .subscriptions()
          .filter(({ source }) => source !== undefined && sameText(source, topic.source));
        return jsonResponse(200, { value: found.map((one) => subscriptionShape(one, topic.resourceId, book)) });
      },
    },
    {
      method: 'GET',
      template: `${GROUP}/microsoft.storage/storageaccounts/{account}/blobservices/default/containers/{container}`,
      action: 'Microsoft.Storage/storageAccounts/blobServices/containers/read',
      run: async ({ path, parameters }) => {
        const { container = '' } = parameters;
        const isThere =
          path.toLowerCase().startsWith(`${book.deadLetters.accountId.toLowerCase()}/`) &&
          (await book.deadLetters.exists(container));
        if (!isThere) return missing('Microsoft.Storage/storageAccounts', parameters.account, parameters.group);
        return jsonResponse(200, { id: path, name: container, type: CONTAINERS, properties: { publicAccess: 'None' } });
      },
    },
  ];
}

const CONTAINERS = 'Microsoft.Storage/storageAccounts/blobServices/containers';

function missing(type: string, name = '', group = ''): EmulatorResponse {
  return resourceNotFound(type, name, group);
}

function topicShape({ resourceId, source }: EventBook['topics'][number]) {
  return {
    ...{ id: resourceId, name: resourceId.split('/').at(-1), type: 'Microsoft.EventGrid/systemTopics' },
    properties: { provisioningState: 'Succeeded', source, topicType: 'Microsoft.KeyVault.vaults' },
  };
}

/** The query of an endpoint holds a key: of a webhook, the address without it is shown, as Azure shows it. */
function subscriptionShape(subscription: Subscription, topic: string, { functionAppId, deadLetters }: EventBook) {
  const { name, endpoint, schema, includedEventTypes, subjectBeginsWith } = subscription;
  const { origin, pathname, searchParams } = new URL(endpoint);
  const isFunction = endpointKind(endpoint) === 'azure-function';
  const destination = isFunction
    ? {
        endpointType: 'AzureFunction',
        properties: { resourceId: `${functionAppId}/functions/${searchParams.get('functionName') ?? ''}` },
      }
    : { endpointType: 'WebHook', properties: { endpointBaseUrl: `${origin}${pathname}` } };
  const { maxDeliveryAttempts, eventTimeToLiveInMinutes } = subscription;
  return {
    ...{ id: `${topic}/eventSubscriptions/${name}`, name, type: 'Microsoft.EventGrid/systemTopics/eventSubscriptions' },
    properties: {
      ...{ provisioningState: 'Succeeded', destination, eventDeliverySchema: schema },
      filter: { includedEventTypes, subjectBeginsWith },
      retryPolicy: { maxDeliveryAttempts, eventTimeToLiveInMinutes },
      deadLetterDestination: {
        endpointType: 'StorageBlob',
        properties: { resourceId: deadLetters.accountId, blobContainerName: deadLetters.container },
      },
    },
  };
}

function sameText(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
