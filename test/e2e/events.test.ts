import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VaultEvent } from '../../local/events/types.ts';
import { seededRandom, shuffled } from '../../local/stand/random.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { openStandBench, type StandBench, stories, type View } from './stand-bench.ts';

const NEAR = 'Microsoft.KeyVault.CertificateNearExpiry';
const NEW = 'Microsoft.KeyVault.CertificateNewVersionCreated';
const OLD_VERSION = '0123456789abcdef0123456789abcdef';

let bench: StandBench;
beforeAll(async () => {
  bench = await openStandBench({
    seed: 11,
    scenarios: stories('near-expiry', 'many-events', 'imported', 'slow-site', 'dropped-event'),
  });
});
afterAll(() => bench.close());

describe('an event that comes five times, late, out of order, among others', () => {
  it.each([
    ['EventGridSchema', 'near-expiry', 1],
    ['EventGridSchema', 'many-events', 2],
    ['CloudEventSchemaV1_0', 'imported', 3],
    ['CloudEventSchemaV1_0', 'slow-site', 4],
  ] as const)('renews once (%s, %s, order %i)', async (_schema, key, order) => {
    const seeded = bench.seeded(key);
    const { events } = bench.stand.cloud;
    const current = currentVersion(seeded);
    const raised = [
      ...Array.from({ length: 5 }, () => eventOf(seeded, NEAR, current)),
      eventOf(seeded, NEW, current),
      eventOf(seeded, NEAR, OLD_VERSION),
    ];
    events.duplicate(2);
    for (const event of shuffled(raised, seededRandom(order))) events.publish(event);
    events.duplicate(1);

    const renewal = await renewed(seeded);
    events.publish(eventOf(seeded, NEAR, current));
    await bench.until(async () => (events.waiting() === 0 ? true : undefined));

    expect(renewal.reason).toBe('near-expiry-event');
    expect(await bench.rowsOf('certificates', seeded)).toMatchObject([
      { attempt: 1, renewalId: renewal.id, state: 'idle' },
    ]);
    expect(await bench.rowsOf('orders', seeded)).toMatchObject([{ renewalId: renewal.id, state: 'merged' }]);
    expect((await bench.rows('issuances')).filter((row) => row.renewalId === renewal.id)).toHaveLength(1);
    expect(bench.versions(seeded)).toBe(2);
    expect((await bench.stand.current(seeded)).sha256).toBe(renewal.newSha256);
    const { instances } = await bench.host.hub.list({ instanceIdPrefix: renewal.id.slice(0, -16) });
    expect(instances.filter(({ name }) => name === 'renewCertificate')).toHaveLength(1);
  });
});

it('a lost event is made good by the sweep', async () => {
  const seeded = bench.seeded('dropped-event');
  const restore = bench.stand.cloud.events.drop(({ objectName }) => objectName === seeded.name);
  bench.stand.raise(seeded);
  await bench.until(async () => (bench.stand.cloud.events.waiting() === 0 ? true : undefined));
  restore();
  expect(await bench.rowsOf('certificates', seeded)).toEqual([]);
  await bench.app.runNow('sweep');
  expect(await renewed(seeded)).toMatchObject({ reason: 'sweep', outcomeReason: 'served' });
  expect(bench.versions(seeded)).toBe(2);
});

function currentVersion({ vaultName, name }: Seeded): string {
  const snapshot = bench.stand.cloud.vault(vaultName).snapshot();
  return snapshot.find((one) => one.name === name)?.versions.at(-1)?.version ?? '';
}

function eventOf(seeded: Seeded, type: VaultEvent['type'], version: string): VaultEvent {
  const { uri, resourceId } = bench.stand.cloud.vault(seeded.vaultName);
  const { vaultName, name: objectName } = seeded;
  const id = `${uri}/certificates/${objectName}/${version}`;
  const times = { time: bench.clock.now(), nbf: null, exp: null };
  return { type, vaultResourceId: resourceId, vaultName, objectName, version, id, ...times };
}

async function renewed(seeded: Seeded): Promise<View> {
  const id = await bench.until(async () => {
    const [row] = await bench.rowsOf('certificates', seeded);
    return typeof row?.renewalId === 'string' ? row.renewalId : undefined;
  });
  const view = await bench.ended(id);
  expect(view.outcome, view.detail).toBe('renewed');
  return view;
}
