import { expect, test } from 'vitest';
import { adminApi } from '../../../../../local/host/http/admin.ts';
import { fakeWorker, functionInfo, keys, request } from './requests.ts';

const functions = [
  functionInfo('sweep', 'timerTrigger'),
  functionInfo('onEvent', 'eventGridTrigger'),
  functionInfo('onMessage', 'queueTrigger'),
  functionInfo('list', 'httpTrigger'),
  functionInfo('story', 'orchestrationTrigger'),
];

function admin() {
  const worker = fakeWorker(functions);
  const origin = 'http://host.test';
  return { worker, api: adminApi({ functions, keys, worker, origin, started: new Date(), log: () => {} }) };
}

test.each([
  ['GET', '/admin/host/ping', '', 200],
  ['GET', '/admin/host/status', '', 401],
  ['GET', '/admin/host/status?code=function-key', '', 401],
  ['GET', '/admin/host/status?code=master-key', '', 200],
  ['GET', '/admin/functions?code=master-key', '', 200],
  ['GET', '/admin/functions/sweep?code=master-key', '', 200],
  ['GET', '/admin/functions/none?code=master-key', '', 404],
  ['POST', '/admin/functions/SWEEP?code=master-key', '{}', 202],
  ['POST', '/admin/functions/sweep?code=master-key', '', 202],
  ['POST', '/admin/functions/sweep?code=master-key', '{', 400],
  ['POST', '/admin/functions/sweep', '{}', 401],
  ['POST', '/admin/functions/onEvent?code=master-key', '{"input":"no json"}', 400],
  ['POST', '/admin/functions/list?code=master-key', '{}', 400],
  ['POST', '/admin/functions/story?code=master-key', '{}', 400],
  ['DELETE', '/admin/functions/sweep?code=master-key', '', 404],
  ['GET', '/admin/other?code=master-key', '', 404],
])('%s %s with "%s" gives %i', async (method, target, text, status) => {
  expect((await admin().api(request(method, target, { text })))?.status).toBe(status);
});

test.each([
  ['sweep', '{}', { timerTrigger1: { json: expect.stringContaining('"IsPastDue":false') } }],
  ['onEvent', '{"input":"{\\"id\\":\\"1\\"}"}', { eventGridTrigger1: { json: '{"id":"1"}' } }],
  ['onMessage', '{"input":"text"}', { queueTrigger1: { string: 'text' } }],
])('runs %s by hand', async (name, text, inputs) => {
  const { api, worker } = admin();
  await api(request('POST', `/admin/functions/${name}?code=master-key`, { text }));
  expect(worker.calls[0]).toMatchObject({ functionName: name, inputs });
});
