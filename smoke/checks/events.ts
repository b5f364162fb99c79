import type { Arm } from '../arm.ts';
import { at, textAt, textsAt } from '../json.ts';
import type { Config } from '../options.ts';
import type { Findings } from '../report.ts';
import { topicId, vaultId, type WiredVault, type Wiring } from '../wiring.ts';
import { deployed, looking } from './looking.ts';

/** What the app has to hear of; infra/modules/event-subscriptions.bicep subscribes to the same. */
export const eventTypes = [
  'Microsoft.KeyVault.CertificateNearExpiry',
  'Microsoft.KeyVault.CertificateExpired',
  'Microsoft.KeyVault.CertificateNewVersionCreated',
] as const;

/** The function that takes events. */
export const eventFunction = 'certificateEvent';

/** Looks at everything that an event passes on its way from the vault to the app. */
export async function lookAtEvents(arm: Arm, { wiring }: Config): Promise<Findings> {
  const each = async (judge: (vault: WiredVault) => Promise<readonly string[]>) =>
    deployed((await Promise.all(wiring.vaults.map(judge))).flat());
  const [topics, subscriptions, endpoint, deadLetters] = await Promise.all([
    looking(() => each(async (vault) => judgeTopic(vault, await arm.get(topicId(vault))))),
    looking(() =>
      each(async (vault) => judgeSubscriptions(vault, wiring, await arm.list(`${topicId(vault)}/eventSubscriptions`))),
    ),
    looking(async () => deployed(await judgeEndpoint(arm, wiring))),
    looking(async () => deployed(judgeContainer(wiring, await arm.get(containerId(wiring))))),
  ]);
  return {
    'events.topics': topics,
    'events.subscriptions': subscriptions,
    'events.endpoint': endpoint,
    'events.dead-letters': deadLetters,
  };
}

/** Exported for its table of tests. */
export function judgeTopic(vault: WiredVault, topic: unknown): readonly string[] {
  if (topic === undefined) return [`${vault.name}: there is no topic ${vault.topic}`];
  const source = textAt(topic, 'properties', 'source');
  const state = textAt(topic, 'properties', 'provisioningState');
  return [
    ...(same(source, vaultId(vault)) ? [] : [`${vault.name}: the topic ${vault.topic} is of ${source}`]),
    ...(state === 'Succeeded' ? [] : [`${vault.name}: the topic ${vault.topic} is ${state}`]),
  ];
}

/** Exported for its table of tests. */
export function judgeSubscriptions(vault: WiredVault, wiring: Wiring, found: readonly unknown[]): readonly string[] {
  const ours = found.filter((one) => destinations(one).some((destination) => leadsToApp(destination, wiring)));
  if (ours.length === 0) return [`${vault.name}: no subscription of ${vault.topic} delivers to the ${wiring.delivery}`];
  return ours.flatMap((one) => {
    const name = textAt(one, 'name');
    const lacking = eventTypes.filter(
      (type) => !textsAt(one, 'properties', 'filter', 'includedEventTypes').includes(type),
    );
    const state = textAt(one, 'properties', 'provisioningState');
    return [
      ...(state === 'Succeeded' ? [] : [`${vault.name}: ${name} is ${state}`]),
      ...lacking.map((type) => `${vault.name}: ${name} leaves out ${type}`),
      ...(keepsDeadLetters(one, wiring)
        ? []
        : [`${vault.name}: ${name} keeps no dead letters in ${wiring.deadLetterContainer}`]),
    ];
  });
}

/** With or without the identity of the topic. */
function destinations(subscription: unknown): readonly unknown[] {
  return [
    at(subscription, 'properties', 'destination'),
    at(subscription, 'properties', 'deliveryWithResourceIdentity', 'destination'),
  ];
}

function leadsToApp(destination: unknown, wiring: Wiring): boolean {
  const type = textAt(destination, 'endpointType');
  const id = textAt(destination, 'properties', 'resourceId');
  if (wiring.delivery === 'function') return type === 'AzureFunction' && same(id, functionId(wiring));
  const queue = textAt(destination, 'properties', 'queueName');
  return type === 'StorageQueue' && same(id, wiring.queueAccountId) && queue === wiring.queueName;
}

function keepsDeadLetters(subscription: unknown, wiring: Wiring): boolean {
  const places = [
    at(subscription, 'properties', 'deadLetterDestination'),
    at(subscription, 'properties', 'deadLetterWithResourceIdentity', 'deadLetterDestination'),
  ];
  return places.some(
    (place) =>
      same(textAt(place, 'properties', 'resourceId'), wiring.deadLetterAccountId) &&
      textAt(place, 'properties', 'blobContainerName') === wiring.deadLetterContainer,
  );
}

async function judgeEndpoint(arm: Arm, wiring: Wiring): Promise<readonly string[]> {
  if (wiring.delivery === 'queue') {
    const id = `${wiring.queueAccountId}/queueServices/default/queues/${wiring.queueName}`;
    return (await arm.get(id)) === undefined ? [`there is no queue ${wiring.queueName}`] : [];
  }
  const found = await arm.get(functionId(wiring));
  if (found === undefined) return [`there is no function ${eventFunction} in the app`];
  return at(found, 'properties', 'isDisabled') === true ? [`the function ${eventFunction} is disabled`] : [];
}

function judgeContainer({ deadLetterContainer }: Wiring, container: unknown): readonly string[] {
  return container === undefined ? [`there is no container ${deadLetterContainer}`] : [];
}

const functionId = ({ functionAppId }: Wiring): string => `${functionAppId}/functions/${eventFunction}`;
const containerId = ({ deadLetterAccountId, deadLetterContainer }: Wiring): string =>
  `${deadLetterAccountId}/blobServices/default/containers/${deadLetterContainer}`;

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
