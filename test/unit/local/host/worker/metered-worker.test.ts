import { expect, test } from 'vitest';
import type { FunctionInfo, InvocationResult } from '../../../../../local/host/types.ts';
import { meteredWorker } from '../../../../../local/host/worker/metered-worker.ts';
import { fakeWorker, functionInfo } from '../http/requests.ts';

const client = { type: 'durableClient', direction: 'in', name: 'client1' } as const;
const starter: FunctionInfo = { ...functionInfo('start', 'httpTrigger'), bindings: [client] };

test('gives the durable client to functions that ask for it', async () => {
  const inner = fakeWorker([starter, functionInfo('plain', 'httpTrigger')]);
  const worker = meteredWorker(inner, { string: '{}' });
  await worker.invoke({ functionName: 'start', inputs: { httpTrigger1: { int: 1 } } });
  await worker.invoke({ functionName: 'plain', inputs: {} });
  expect(inner.calls.map(({ inputs }) => Object.keys(inputs).sort())).toEqual([['client1', 'httpTrigger1'], []]);
});

test('knows when nothing runs', async () => {
  const ends: ((result: InvocationResult) => void)[] = [];
  const worker = meteredWorker(
    fakeWorker([starter], () => new Promise((resolve) => ends.push(resolve))),
    { string: '{}' },
  );
  await worker.settled();
  void worker.invoke({ functionName: 'start', inputs: {} });
  void worker.invoke({ functionName: 'start', inputs: {} });
  let settled = false;
  const waiting = worker.settled().then(() => {
    settled = true;
  });
  expect([worker.running, settled]).toEqual([2, false]);
  for (const end of ends) end({ state: 'lost' });
  await waiting;
  expect(worker.running).toBe(0);
});
