import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

let bench: StandBench;
beforeAll(async () => {
  bench = await openStandBench({ seed: 32, scenarios: stories('by-hand', 'near-expiry'), events: false });
});
afterAll(() => bench?.close());

const durable = async (method: string, path: string): Promise<number> => {
  const url = `${bench.host.url}/runtime/webhooks/durabletask/instances/${path}`;
  const response = await fetch(url, { method, headers: { 'x-functions-key': bench.host.keys.systemDurable } });
  return response.status;
};

it('a renewal whose instance was purged before the merge is taken up by the sweep, with one order and one version', async () => {
  const seeded = bench.seeded('by-hand');
  const vault = bench.stand.cloud.vault(seeded.vaultName);
  const { handle } = vault;
  let isOpen = false;
  // Until the gate opens the vault answers no merge, so that the renewal stands still before it.
  vault.handle = async (request) =>
    isOpen || !request.url.pathname.endsWith('/pending/merge') ? handle(request) : { status: 503, headers: {} };
  const id = await bench.renew(seeded);
  await bench.until(async () => {
    const [order] = await bench.rowsOf('orders', seeded);
    return order?.state === 'issued' && order.accepted !== undefined ? order : undefined;
  });
  expect(await durable('POST', `${id}/terminate?reason=test`)).toBe(202);
  await bench.until(async () => ((await durable('DELETE', id)) === 200 ? true : undefined));
  isOpen = true;
  await bench.app.runNow('sweep');
  expect(await bench.ended(id)).toMatchObject({ id, outcome: 'renewed', outcomeReason: 'served' });
  expect(await bench.rowsOf('orders', seeded)).toMatchObject([{ renewalId: id, state: 'merged' }]);
  expect((await bench.rows('issuances')).filter(({ renewalId }) => renewalId === id)).toHaveLength(1);
  expect(bench.versions(seeded)).toBe(2);
  expect((await bench.journal.read(id)).map(({ key }) => key)).toContain('start:again');
});

it('a heartbeat goes through the task hub and shows in the health', async () => {
  const { url, keys } = bench.host;
  const ask = async () => {
    const response = await fetch(`${url}/api/health`, { headers: { 'x-functions-key': keys.function } });
    return { status: response.status, body: (await response.json()) as { heartbeat?: { ageSeconds: number } } };
  };
  await bench.app.runNow('startHeartbeat');
  const { status, body } = await bench.until(async () => {
    const answer = await ask();
    return answer.body.heartbeat === undefined ? undefined : answer;
  });
  expect(status).toBe(200);
  expect(body.heartbeat?.ageSeconds).toBeLessThan(60);
});
