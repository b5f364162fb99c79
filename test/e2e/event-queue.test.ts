import { QueueServiceClient } from '@azure/storage-queue';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

const queueName = 'certificate-events';

let bench: StandBench;
beforeAll(async () => {
  bench = await openStandBench({
    seed: 12,
    scenarios: stories('near-expiry'),
    events: false,
    settings: { PERENNIAL_EVENT_QUEUE: queueName },
    prepare: async (stand) => void (await queueOf(stand.settings).create()),
  });
});
afterAll(() => bench.close());

it('an event that Event Grid put into the queue starts the renewal', async () => {
  const seeded = bench.seeded('near-expiry');
  const vault = bench.stand.cloud.vault(seeded.vaultName);
  const { uri, resourceId } = vault;
  const held = vault.snapshot().find(({ name }) => name === seeded.name);
  const version = held?.versions.at(-1)?.version;
  const event = {
    id: 'c2c1d4a6-9d1c-4f3c-8f0e-2a6f7a7d0f11',
    topic: resourceId,
    subject: seeded.name,
    eventType: 'Microsoft.KeyVault.CertificateNearExpiry',
    eventTime: bench.clock.now().toISOString(),
    data: { Id: `${uri}/certificates/${seeded.name}/${version}`, VaultName: seeded.vaultName, ObjectName: seeded.name },
    dataVersion: '1',
    metadataVersion: '1',
  };
  // As Event Grid writes it: one event a message, in base64.
  await queueOf(bench.stand.settings).sendMessage(Buffer.from(JSON.stringify(event)).toString('base64'));
  // The host looks into the queue in real time: the clock stands still until it has found the message.
  await vi.waitUntil(() => bench.log.some(({ message }) => message.startsWith('{"message":"event taken"')), 30_000);
  const renewal = await bench.until(async () => {
    const [row] = await bench.rowsOf('certificates', seeded);
    return row?.state === 'idle' && row.lastOutcome !== undefined ? row : undefined;
  });
  expect(renewal).toMatchObject({ lastOutcome: 'renewed', startReason: 'near-expiry-event' });
  expect(bench.versions(seeded)).toBe(2);
});

function queueOf(settings: Readonly<Record<string, string>>) {
  return QueueServiceClient.fromConnectionString(settings.AzureWebJobsStorage ?? '').getQueueClient(queueName);
}
