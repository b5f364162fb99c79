import { ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../local/azurite.ts';
import { ManualClock } from '../../local/clock.ts';
import { createEventGrid } from '../../local/events/grid.ts';
import { deadLetterContainer, deadLettersIn } from '../../local/stand/dead-letter-container.ts';

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

describe('dead letters of the stand', () => {
  it('are blobs that name the subscription, the hour and the reason', async () => {
    const clock = new ManualClock(new Date('2026-08-09T05:06:07.089Z'));
    const grid = createEventGrid({
      clock,
      random: () => 0.5,
      log: () => undefined,
      deadLetter: deadLettersIn(async () => azurite.connectionString),
      send: async () => ({ status: 400, headers: {}, body: '' }),
    });
    const endpoint = 'http://127.0.0.1:1/runtime/webhooks/eventgrid?functionName=f&code=key';
    await grid.subscribe({ name: 'near-expiry', endpoint, schema: 'EventGridSchema' });
    grid.publish({
      type: 'Microsoft.KeyVault.CertificateNearExpiry',
      time: clock.now(),
      ...{ vaultResourceId: '/subscriptions/s', vaultName: 'kv-one', objectName: 'www', version: 'ab12' },
      ...{ id: 'https://kv-one.vault.azure.net/certificates/www/ab12', nbf: 1, exp: 2 },
    });
    for (const milliseconds of [1000, 300_000]) {
      clock.advance(milliseconds);
      await grid.settled();
    }
    const container = new ContainerClient(azurite.connectionString, deadLetterContainer);
    const names: string[] = [];
    for await (const { name } of container.listBlobsFlat()) names.push(name);
    expect(names).toEqual([expect.stringMatching(/^NEAR-EXPIRY\/2026\/8\/9\/5\/[0-9a-f-]{36}\.json$/)]);
    const [name = ''] = names;
    const [letter] = JSON.parse((await container.getBlobClient(name).downloadToBuffer()).toString()) as object[];
    expect(letter).toMatchObject({ subject: 'www', deadLetterReason: 'UndeliverableEvent', deliveryAttempts: 1 });
  });
});
