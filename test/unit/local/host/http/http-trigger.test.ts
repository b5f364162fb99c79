import { expect, test } from 'vitest';
import { httpFunctions, httpTriggers } from '../../../../../local/host/http/http-trigger.ts';
import type { InvocationResult } from '../../../../../local/host/types.ts';
import { fakeWorker, functionInfo, keys, request } from './requests.ts';

const functions = [
  functionInfo('list', 'httpTrigger', { route: 'renewals', methods: ['GET'], authLevel: 'anonymous' }),
  functionInfo('start', 'httpTrigger', { route: 'renewals', methods: ['POST'], authLevel: 'function' }),
  functionInfo('one', 'httpTrigger', { route: 'renewals/{id}', methods: ['GET'] }),
  functionInfo('newest', 'httpTrigger', { route: 'renewals/newest', methods: ['GET'] }),
  functionInfo('purge', 'httpTrigger', { methods: ['DELETE'], authLevel: 'admin' }),
];

function endpoint(answer?: () => InvocationResult) {
  const worker = fakeWorker(functions, answer);
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  return { answer: httpTriggers({ functions: httpFunctions(functions, 'api'), keys, worker, log }), worker, lines };
}

test.each([
  ['GET', '/api/renewals', 204, 'list'],
  ['GET', '/api/renewals/a1', 204, 'one'],
  ['GET', '/api/renewals/newest', 204, 'newest'],
  ['POST', '/api/renewals', 401, undefined],
  ['POST', '/api/renewals?code=wrong', 401, undefined],
  ['POST', '/api/renewals?code=function-key', 204, 'start'],
  ['POST', '/api/renewals?code=master-key', 204, 'start'],
  ['POST', '/api/renewals?code=durable-key', 401, undefined],
  ['DELETE', '/api/purge?code=function-key', 401, undefined],
  ['DELETE', '/api/purge?code=master-key', 204, 'purge'],
  ['PUT', '/api/renewals', undefined, undefined],
  ['GET', '/renewals', undefined, undefined],
])('%s %s gives %s', async (method, target, status, called) => {
  const { answer, worker } = endpoint();
  const response = await answer(request(method, target));
  expect(response?.status).toBe(status);
  expect(worker.calls[0]?.functionName).toBe(called);
});

test('hands the trace of the request to the call', async () => {
  const { answer, worker } = endpoint();
  await answer(request('GET', '/api/renewals', { headers: { traceparent: '00-a-b-01' } }));
  await answer(request('GET', '/api/renewals'));
  expect(worker.calls.map((call) => call.traceparent)).toEqual(['00-a-b-01', undefined]);
});

test('hands method, address, headers, parameters and body to the function', async () => {
  const { answer, worker } = endpoint();
  await answer(request('GET', '/api/renewals/a%20b?x=1', { headers: { accept: '*/*' }, text: 'body' }));
  expect(worker.calls[0]?.inputs).toEqual({
    httpTrigger1: {
      http: {
        method: 'GET',
        url: 'http://host.test/api/renewals/a%20b?x=1',
        nullableHeaders: { accept: { value: '*/*' } },
        nullableParams: { id: { value: 'a b' } },
        body: { bytes: new TextEncoder().encode('body') },
      },
    },
  });
});

test.each([
  [{ state: 'failed', message: 'secret inside', stack: 'Error: secret inside' } as const],
  [{ state: 'lost' } as const],
])('tells the client nothing about a failure', async (result) => {
  const { answer, lines } = endpoint(() => result);
  expect(await answer(request('GET', '/api/renewals'))).toEqual({ status: 500 });
  expect(lines).toHaveLength(1);
});

test.each([
  ['admin/x', /conflicts with the host's own routes/],
  ['runtime', /conflicts with the host's own routes/],
])('refuses the route %s', (route, message) => {
  expect(() => httpFunctions([functionInfo('f', 'httpTrigger', { route })], '')).toThrow(message);
});

test('refuses an unknown auth level', () => {
  expect(() => httpFunctions([functionInfo('f', 'httpTrigger', { authLevel: 'user' })], 'api')).toThrow(/"user"/);
});
