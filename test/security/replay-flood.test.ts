import { Agent, request } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStandBench, type StandBench, stories } from '../e2e/stand-bench.ts';

const REPLAYS = 10_000;
const AT_ONCE = 16;
/** What Event Grid counts as healthy is far more; a slow answer costs us nothing but its patience. */
const P99_MILLISECONDS = 250;

let bench: StandBench;
beforeAll(async () => {
  bench = await openStandBench({ seed: 31, scenarios: stories('near-expiry'), events: false });
});
afterAll(() => bench?.close());

it('answers 10,000 replays of one event at once and renews one time', async () => {
  const seeded = bench.seeded('near-expiry');
  const { uri, resourceId } = bench.stand.cloud.vault(seeded.vaultName);
  const version = bench.stand.cloud.vault(seeded.vaultName).snapshot()[0]?.versions.at(-1)?.version;
  const body = JSON.stringify([
    {
      id: '4f8b4b3a-0000-4000-8000-000000000001',
      topic: resourceId,
      subject: seeded.name,
      eventType: 'Microsoft.KeyVault.CertificateNearExpiry',
      eventTime: bench.clock.now().toISOString(),
      data: {
        Id: `${uri}/certificates/${seeded.name}/${version}`,
        VaultName: seeded.vaultName,
        ObjectName: seeded.name,
      },
      dataVersion: '1',
    },
  ]);
  const { statuses, milliseconds } = await flood(body);
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const p99 = sorted[Math.floor(REPLAYS * 0.99)] ?? Number.POSITIVE_INFINITY;
  console.log(
    `${REPLAYS} replays, ${AT_ONCE} at once: p50 ${sorted[REPLAYS / 2]?.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`,
  );
  expect(new Set(statuses)).toEqual(new Set([202]));

  const [row] = await bench.rowsOf('certificates', seeded);
  expect((await bench.ended(String(row?.renewalId))).outcome).toBe('renewed');
  expect(await bench.rowsOf('certificates', seeded)).toMatchObject([{ attempt: 1 }]);
  expect(await bench.rowsOf('orders', seeded)).toHaveLength(1);
  expect(await bench.rows('issuances')).toHaveLength(1);
  expect(bench.versions(seeded)).toBe(2);
  expect(p99).toBeLessThan(P99_MILLISECONDS);
});

/** Sends it again and again over connections that stay open, as Event Grid's front ends do. */
async function flood(body: string): Promise<{ readonly statuses: number[]; readonly milliseconds: number[] }> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const path = `/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${bench.host.keys.systemEventGrid}`;
  const headers = { 'content-type': 'application/json', 'aeg-event-type': 'Notification' };
  const send = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = request(`${bench.host.url}${path}`, { method: 'POST', agent, headers }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
      });
      call.on('error', reject).end(body);
    });
  const statuses: number[] = [];
  const milliseconds: number[] = [];
  const sender = async (): Promise<void> => {
    for (let sent = 0; sent < REPLAYS / AT_ONCE; sent++) {
      const began = performance.now();
      statuses.push(await send());
      milliseconds.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  agent.destroy();
  return { statuses, milliseconds };
}
