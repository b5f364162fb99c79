import { expect, test } from 'vitest';
import { decoded, queueInvocation, startQueueTriggers } from '../../../../../local/host/triggers/queues.ts';
import { fakeWorker, functionInfo } from '../http/requests.ts';

test.each([
  ['eyJhIjoxfQ==', 'base64', '{"a":1}'],
  ['plain text!', 'base64', undefined],
  ['plain text!', 'none', 'plain text!'],
] as const)('decodes %s as %s', (text, encoding, expected) => {
  expect(decoded(text, encoding)).toBe(expected);
});

test('tells the function about its message', () => {
  const message = {
    messageId: 'm',
    popReceipt: 'p',
    messageText: 'x',
    dequeueCount: 2,
    insertedOn: new Date(0),
    expiresOn: new Date(0),
    nextVisibleOn: new Date(0),
  };
  expect(queueInvocation(functionInfo('f', 'queueTrigger'), { text: 'x', message }).triggerMetadata).toMatchObject({
    Id: { string: 'm' },
    DequeueCount: { int: 2 },
    InsertionTime: { json: '"1970-01-01T00:00:00.000Z"' },
  });
});

const queues = {
  maxDequeueCount: 5,
  batchSize: 16,
  messageEncoding: 'base64',
  visibilityTimeout: '00:00:00',
  maxPollingInterval: '00:00:02',
} as const;

test.each([
  ['a missing connection', { queueName: 'work', connection: 'STORE' }, {}, /setting "STORE" must hold/],
  [
    'a broken connection',
    { queueName: 'work' },
    { AzureWebJobsStorage: 'AccountKey=secret' },
    /is no connection string/,
  ],
  ['a bad queue name', { queueName: 'a_b' }, {}, /"a_b" is no queue name/],
])('refuses %s', (_, trigger, settings, message) => {
  const functions = [functionInfo('f', 'queueTrigger', trigger)];
  const start = () =>
    startQueueTriggers({ functions, settings, queues, worker: fakeWorker(functions), log: () => {}, track: () => {} });
  expect(start).toThrow(message);
  expect(start).not.toThrow(/secret/);
});
