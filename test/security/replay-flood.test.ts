import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStandBench, type StandBench, stories } from '../e2e/stand-bench.ts';
import { atOnce, flood, timesOf } from './flood.ts';

const REPLAYS = 10_000;
/** A repeat to the letter is known again at once; one under another id has to be read, and asks the row. */
const IDS = 500;
/** What Event Grid counts as healthy is far more; a slow answer costs us nothing but its patience. */
const P99_MILLISECONDS = 250;

let bench: StandBench;
beforeAll(async () => {
  bench = await openStandBench({ seed: 31, scenarios: stories('near-expiry'), events: false, faults: 'off' });
});
afterAll(() => bench?.close());

it('answers 10,000 replays of an event and renews one time', async () => {
  const seeded = bench.seeded('near-expiry');
  const vault = bench.stand.cloud.vault(seeded.vaultName);
  const { uri, resourceId } = vault;
  const version = vault
    .snapshot()
    .find(({ name }) => name === seeded.name)
    ?.versions.at(-1)?.version;
  expect(version).toMatch(/^[0-9a-f]{32}$/);
  const bodies = Array.from({ length: IDS }, (_, at) =>
    JSON.stringify([
      {
        id: `4f8b4b3a-0000-4000-8000-${String(at).padStart(12, '0')}`,
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
        metadataVersion: '1',
      },
    ]),
  );
  const { statuses, milliseconds } = await flood(bench.host, (at) => bodies[at % IDS] ?? '', REPLAYS);
  const { p50, p99 } = timesOf(milliseconds);
  console.log(`${REPLAYS} replays, ${atOnce} at once: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
  expect(new Set(statuses)).toEqual(new Set([202]));

  const [row] = await bench.rowsOf('certificates', seeded);
  expect(row).toMatchObject({ startReason: 'near-expiry-event' });
  expect((await bench.ended(String(row?.renewalId))).outcome).toBe('renewed');
  expect(await bench.rowsOf('certificates', seeded)).toMatchObject([{ attempt: 1 }]);
  expect(await bench.rowsOf('orders', seeded)).toHaveLength(1);
  expect(await bench.rows('issuances')).toHaveLength(1);
  expect(bench.versions(seeded)).toBe(2);
  expect(p99).toBeLessThan(P99_MILLISECONDS);
});
