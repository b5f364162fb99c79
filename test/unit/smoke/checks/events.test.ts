import { describe, expect, it } from 'vitest';
import { eventTypes, judgeSubscriptions, judgeTopic } from '../../../../smoke/checks/events.ts';
import { vaultId, type Wiring } from '../../../../smoke/wiring.ts';

const vault = { name: 'one', subscriptionId: 's', resourceGroup: 'web', topic: 'one-perennial' };
const wiring: Wiring = {
  ...{ functionAppId: '/sites/app', delivery: 'function', queueAccountId: '/accounts/host', queueName: 'events' },
  ...{
    deadLetterAccountId: '/accounts/recs',
    deadLetterContainer: 'dead-letters',
    actionGroupIds: [],
    vaults: [vault],
  },
};
const deadLetters = {
  endpointType: 'StorageBlob',
  properties: { resourceId: '/accounts/RECS', blobContainerName: 'dead-letters' },
};
const toFunction = {
  endpointType: 'AzureFunction',
  properties: { resourceId: '/sites/APP/functions/certificateEvent' },
};
const toQueue = { endpointType: 'StorageQueue', properties: { resourceId: '/accounts/host', queueName: 'events' } };
const good = {
  ...{ provisioningState: 'Succeeded', destination: toFunction, filter: { includedEventTypes: [...eventTypes] } },
  deadLetterWithResourceIdentity: { identity: { type: 'SystemAssigned' }, deadLetterDestination: deadLetters },
};
const expired = { name: 'perennial-expired', properties: { destination: { endpointType: 'MonitorAlert' } } };
const judge = (properties: object, with_: Wiring = wiring) =>
  judgeSubscriptions(vault, with_, [expired, { name: 'ours', properties: { ...good, ...properties } }]);

describe('the subscription to the events of a vault', () => {
  it.each([
    ['with the identity of the topic', {}],
    ['without it', { deadLetterWithResourceIdentity: null, deadLetterDestination: deadLetters }],
  ])('is as deployed %s', (_what, properties) => {
    expect(judge(properties)).toEqual([]);
  });

  it('is as deployed to a queue', () => {
    const delivery = { destination: null, deliveryWithResourceIdentity: { destination: toQueue } };
    expect(judge(delivery, { ...wiring, delivery: 'queue' })).toEqual([]);
    expect(judge({}, { ...wiring, delivery: 'queue' })).toEqual([
      'one: no subscription of one-perennial delivers to the queue',
    ]);
  });

  it.each([
    [
      'leads elsewhere',
      { destination: { ...toFunction, properties: { resourceId: '/sites/other/functions/certificateEvent' } } },
      'no subscription of one-perennial',
    ],
    ['is disabled by Azure', { provisioningState: 'Failed' }, 'ours is Failed'],
    ['leaves an event out', { filter: { includedEventTypes: eventTypes.slice(1) } }, `leaves out ${eventTypes[0]}`],
    ['has no dead letters', { deadLetterWithResourceIdentity: null }, 'keeps no dead letters in dead-letters'],
    [
      'has them elsewhere',
      {
        deadLetterWithResourceIdentity: {
          deadLetterDestination: { properties: { resourceId: '/x', blobContainerName: 'dead-letters' } },
        },
      },
      'keeps no dead letters',
    ],
  ])('that %s is named', (_what, properties, told) => {
    expect(judge(properties)).toEqual([expect.stringContaining(told)]);
  });

  it('that is not there is named', () => {
    expect(judgeSubscriptions(vault, wiring, [])).toEqual([
      'one: no subscription of one-perennial delivers to the function',
    ]);
  });
});

describe('the topic of a vault', () => {
  const topic = { properties: { provisioningState: 'Succeeded', source: vaultId(vault).toUpperCase() } };
  it.each([
    [topic, []],
    [undefined, ['one: there is no topic one-perennial']],
    [{ properties: { ...topic.properties, source: '/other' } }, ['one: the topic one-perennial is of /other']],
    [
      { properties: { ...topic.properties, provisioningState: 'Deleting' } },
      ['one: the topic one-perennial is Deleting'],
    ],
  ])('%#', (found, problems) => {
    expect(judgeTopic(vault, found)).toEqual(problems);
  });
});
