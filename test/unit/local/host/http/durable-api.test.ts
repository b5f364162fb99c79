import { expect, test } from 'vitest';
import { durableApi } from '../../../../../local/host/http/durable-api.ts';
import { durableClientInput } from '../../../../../local/host/http/durable-links.ts';
import type { InstanceFilter, InstanceStatus, TaskHub } from '../../../../../local/host/types.ts';
import { request } from './requests.ts';

const places = { origin: 'http://host.test', rpcBaseUrl: 'http://127.0.0.1:9/durabletask/', hubName: 'Hub', key: 'k' };
const json = { 'content-type': 'application/json' };

function status(instanceId: string, runtimeStatus: InstanceStatus['runtimeStatus']): InstanceStatus {
  const time = '2026-01-02T03:04:05.678Z';
  const common = { createdTime: time, lastUpdatedTime: time, input: { a: 1 }, output: 'out', customStatus: undefined };
  return { instanceId, name: 'story', runtimeStatus, ...common };
}

function hub(filters: InstanceFilter[] = []): TaskHub {
  const known = new Map([
    ['run', status('run', 'Running')],
    ['done', status('done', 'Completed')],
    ['bad', status('bad', 'Failed')],
  ]);
  const control = async (id: string) =>
    (id === 'run' ? 'accepted' : known.has(id) ? 'finished' : 'unknown') as 'accepted' | 'finished' | 'unknown';
  return {
    start: async ({ name, instanceId = 'new' }) => {
      if (name !== 'story') return { state: 'unknown-function' };
      return instanceId === 'run' ? { state: 'conflict' } : { state: 'started', instanceId };
    },
    status: async (id) => known.get(id),
    history: async () => [],
    list: async (filter) => {
      filters.push(filter);
      return filter.continuationToken === undefined
        ? { instances: [status('run', 'Running')], continuationToken: 'more' }
        : { instances: [status('done', 'Completed')] };
    },
    raiseEvent: control,
    terminate: control,
    suspend: control,
    resume: control,
    rewind: async (id) => (id === 'bad' ? 'accepted' : known.has(id) ? 'not-failed' : 'unknown'),
    restart: async (id) =>
      id === 'done' ? { state: 'started', instanceId: 'again' } : { state: id === 'run' ? 'conflict' : 'unknown' },
    purge: async (id) => (id === 'run' ? 'running' : known.has(id) ? 'purged' : 'unknown'),
    purgeMany: async (filter) => (filter.runtimeStatus?.includes('Failed') ? 0 : 2),
    idle: async () => {},
    stop: async () => {},
  };
}

test.each([
  ['POST', '/orchestrators/story', '{"x":1}', 202],
  ['POST', '/orchestrators/story/own-id', '', 202],
  ['POST', '/orchestrators/story/run', '', 409],
  ['POST', '/orchestrators/nothing', '', 400],
  ['POST', '/orchestrators/story', '{', 400],
  ['POST', '/orchestrators/story?timeout=1&pollingInterval=5', '', 400],
  ['POST', '/orchestrators/story/done?timeout=1&pollingInterval=1', '', 200],
  ['POST', '/orchestrators/story/bad?timeout=1&pollingInterval=1', '', 500],
  ['GET', '/orchestrators/story', '', 404],
  ['GET', '/instances/run', '', 202],
  ['GET', '/instances/done', '', 200],
  ['GET', '/instances/bad', '', 200],
  ['GET', '/instances/bad?returnInternalServerErrorOnFailure=true', '', 500],
  ['GET', '/instances/none', '', 404],
  ['GET', '/instances/', '', 200],
  ['GET', '/instances?runtimeStatus=Nonsense', '', 400],
  ['GET', '/instances?top=x', '', 400],
  ['POST', '/instances/run/raiseEvent/go', '{"ok":true}', 202],
  ['POST', '/instances/run/raiseEvent/go', '{', 400],
  ['POST', '/instances/done/raiseEvent/go', '1', 410],
  ['POST', '/instances/none/raiseEvent/go', '1', 404],
  ['POST', '/instances/run/raiseEvent', '1', 404],
  ['POST', '/instances/run/terminate?reason=x', '', 202],
  ['POST', '/instances/done/terminate?reason=x', '', 410],
  ['POST', '/instances/none/suspend?reason=x', '', 404],
  ['POST', '/instances/run/resume?reason=x', '', 202],
  ['POST', '/instances/bad/rewind?reason=x', '', 202],
  ['POST', '/instances/done/rewind?reason=x', '', 412],
  ['POST', '/instances/done/restart', '', 202],
  ['POST', '/instances/run/restart', '', 409],
  ['POST', '/instances/none/restart', '', 400],
  ['POST', '/instances/run/explode', '', 404],
  ['DELETE', '/instances/done', '', 200],
  ['DELETE', '/instances/run', '', 412],
  ['DELETE', '/instances/none', '', 404],
  ['DELETE', '/instances', '', 400],
  ['DELETE', '/instances?createdTimeFrom=nonsense', '', 400],
  ['DELETE', '/instances?createdTimeFrom=2026-01-01', '', 200],
  ['DELETE', '/instances?createdTimeFrom=2026-01-01&runtimeStatus=Failed', '', 404],
  ['GET', '/entities/counter/one', '', 501],
  ['GET', '/other', '', 404],
])('%s %s with "%s" gives %i', async (method, target, text, expected) => {
  const api = durableApi({ hub: hub(), places });
  const sent = request(method, target, { text, headers: json });
  expect((await api(sent, sent.path.slice(1))).status).toBe(expected);
});

test('gives the status with whole seconds, and with every field that the client wants', async () => {
  const response = await durableApi({ hub: hub(), places })(request('GET', '/instances/run'), 'instances/run');
  expect(JSON.parse(String(response.body))).toEqual({
    name: 'story',
    instanceId: 'run',
    runtimeStatus: 'Running',
    input: { a: 1 },
    customStatus: null,
    output: 'out',
    createdTime: '2026-01-02T03:04:05Z',
    lastUpdatedTime: '2026-01-02T03:04:05Z',
  });
  expect(response.headers).toMatchObject({
    location: 'http://host.test/runtime/webhooks/durabletask/instances/run?taskHub=Hub&connection=Storage&code=k',
    'retry-after': '5',
  });
});

test('hides the input when asked to', async () => {
  const sent = request('GET', '/instances/done?showInput=false');
  const response = await durableApi({ hub: hub(), places })(sent, 'instances/done');
  expect(JSON.parse(String(response.body)).input).toBeNull();
});

test('hands filters and the continuation token on', async () => {
  const filters: InstanceFilter[] = [];
  const api = durableApi({ hub: hub(filters), places });
  const target = '/instances?top=5&instanceIdPrefix=r&runtimeStatus=running,Failed&createdTimeTo=2026-02-01';
  const first = await api(request('GET', target), 'instances');
  expect(first.headers?.['x-ms-continuation-token']).toBe('more');
  const headers = { 'x-ms-continuation-token': 'more' };
  const second = await api(request('GET', target, { headers }), 'instances');
  expect(second.headers?.['x-ms-continuation-token']).toBeUndefined();
  expect(filters[1]).toEqual({
    top: 5,
    instanceIdPrefix: 'r',
    runtimeStatus: ['Running', 'Failed'],
    createdTimeTo: new Date('2026-02-01'),
    continuationToken: 'more',
  });
});

test('takes events only as application/json', async () => {
  const sent = request('POST', '/instances/run/raiseEvent/go', {
    text: '1',
    headers: { 'content-type': 'text/plain' },
  });
  expect((await durableApi({ hub: hub(), places })(sent, sent.path.slice(1))).status).toBe(400);
});

test('gives the durable client all groups it asks for', () => {
  const input = JSON.parse(durableClientInput(places));
  expect(input.rpcBaseUrl).toMatch(/\/$/);
  expect(input.managementUrls.statusQueryGetUri).toContain(`/instances/${input.managementUrls.id}?`);
  expect(Object.keys(input.managementUrls)).toHaveLength(9);
  expect(input.creationUrls.createNewInstancePostUri).toContain('/orchestrators/{functionName}[/{instanceId}]?code=k');
});
