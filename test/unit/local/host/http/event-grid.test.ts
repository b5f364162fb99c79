import { expect, test } from 'vitest';
import { eventGridWebhook } from '../../../../../local/host/http/event-grid.ts';
import type { InvocationResult } from '../../../../../local/host/types.ts';
import { fakeWorker, functionInfo, keys, request } from './requests.ts';

const functions = [
  functionInfo('onEvent', 'eventGridTrigger'),
  functionInfo('onMany', 'eventGridTrigger', { cardinality: 'many' }),
  functionInfo('list', 'httpTrigger'),
];
const HOOK = '/runtime/webhooks/eventgrid?code=event-grid-key&functionName=';
const notification = { 'aeg-event-type': 'Notification', 'content-type': 'application/json' };

function webhook(answer?: () => InvocationResult) {
  const worker = fakeWorker(functions, answer);
  return { worker, post: eventGridWebhook({ functions, keys, worker, log: () => {} }) };
}

test.each([
  ['a wrong key', 'POST', '/runtime/webhooks/eventgrid?functionName=onEvent&code=function-key', '[{}]', 401],
  ['no key', 'POST', '/runtime/webhooks/eventgrid?functionName=onEvent', '[{}]', 401],
  ['an unknown function', 'POST', `${HOOK}nobody`, '[{}]', 404],
  ['a function with another trigger', 'POST', `${HOOK}list`, '[{}]', 404],
  ['malformed JSON', 'POST', `${HOOK}onEvent`, '[{', 400],
  ['a body that is no event', 'POST', `${HOOK}onEvent`, '"text"', 400],
  ['an empty body', 'POST', `${HOOK}onEvent`, '', 400],
  ['no event at all', 'POST', `${HOOK}onEvent`, '[]', 400],
  ['another method', 'GET', `${HOOK}onEvent`, '', 404],
  ['an event', 'POST', `${HOOK}onevent`, '[{"id":"1"}]', 202],
  ['the master key', 'POST', '/runtime/webhooks/eventgrid?functionName=onEvent&code=master-key', '[{}]', 202],
])('answers %s', async (_, method, target, text, status) => {
  const { post } = webhook();
  expect((await post(request(method, target, { text, headers: notification })))?.status).toBe(status);
});

test('calls the function once an event', async () => {
  const { post, worker } = webhook();
  await post(request('POST', `${HOOK}onEvent`, { text: '[{"id":"1"},{"id":"2"}]', headers: notification }));
  expect(worker.calls.map(({ inputs }) => inputs.eventGridTrigger1)).toEqual([
    { json: '{"id":"1"}' },
    { json: '{"id":"2"}' },
  ]);
});

test('calls a function of cardinality many once with all events', async () => {
  const { post, worker } = webhook();
  await post(request('POST', `${HOOK}onMany`, { text: '[{"id":"1"},{"id":"2"}]', headers: notification }));
  expect(worker.calls).toHaveLength(1);
  expect(worker.calls[0]?.triggerMetadata).toEqual({ data: { json: '[{"id":"1"},{"id":"2"}]' } });
});

test('takes a single CloudEvent, also from a sender that is not Event Grid', async () => {
  const { post, worker } = webhook();
  const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
  const response = await post(request('POST', `${HOOK}onEvent`, { text: '{"specversion":"1.0"}', headers }));
  expect(response?.status).toBe(202);
  expect(worker.calls).toHaveLength(1);
});

test('hands the trace of the delivery to every call', async () => {
  const { post, worker } = webhook();
  const headers = { ...notification, traceparent: '00-a-b-01' };
  await post(request('POST', `${HOOK}onEvent`, { text: '[{"id":"1"},{"id":"2"}]', headers }));
  expect(worker.calls.map(({ traceparent }) => traceparent)).toEqual(['00-a-b-01', '00-a-b-01']);
});

test('refuses a delivery of unknown kind', async () => {
  const { post } = webhook();
  expect((await post(request('POST', `${HOOK}onEvent`, { text: '[{}]' })))?.status).toBe(400);
});

test('fails the delivery when one call fails, so that it is delivered again', async () => {
  let first = true;
  const { post } = webhook(() => {
    const failed = first;
    first = false;
    return failed ? { state: 'failed', message: 'no' } : { state: 'succeeded', outputs: {} };
  });
  const sent = request('POST', `${HOOK}onEvent`, { text: '[{},{}]', headers: notification });
  expect((await post(sent))?.status).toBe(500);
});

test('answers the validation handshake', async () => {
  const { post, worker } = webhook();
  const text = '[{"data":{"validationCode":"abc"}}]';
  const sent = request('POST', `${HOOK}onEvent`, { text, headers: { 'aeg-event-type': 'SubscriptionValidation' } });
  expect(await post(sent)).toMatchObject({ status: 200, body: '{"validationResponse":"abc"}' });
  expect(worker.calls).toHaveLength(0);
});

test('answers the handshake of CloudEvents', async () => {
  const { post } = webhook();
  const headers = { 'webhook-request-origin': 'eventgrid.azure.net' };
  expect(await post(request('OPTIONS', `${HOOK}onEvent`, { headers }))).toMatchObject({
    status: 200,
    headers: { 'webhook-allowed-origin': 'eventgrid.azure.net' },
  });
  expect((await post(request('OPTIONS', `${HOOK}onEvent`)))?.status).toBe(400);
});

test('leaves other paths to others', async () => {
  expect(await webhook().post(request('POST', '/runtime/webhooks/other'))).toBeUndefined();
});
