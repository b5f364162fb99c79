import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventGridDeserializer, isSystemEvent } from '@azure/eventgrid';
import { afterEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import { createEventGrid } from '../../local/events/grid.ts';
import type { SubscriptionRequest } from '../../local/events/subscription.ts';
import type { VaultEvent } from '../../local/events/types.ts';

const VAULT = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-one';
const event: VaultEvent = {
  type: 'Microsoft.KeyVault.CertificateNearExpiry',
  time: new Date('2026-08-09T05:06:07.089Z'),
  vaultResourceId: VAULT,
  vaultName: 'kv-one',
  objectName: 'www',
  version: 'ab12',
  id: 'https://kv-one.vault.azure.net/certificates/www/ab12',
  nbf: 1_700_000_000,
  exp: 1_800_000_000,
};

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A real HTTP endpoint that remembers what it got, and answers with the next of `statuses`, the last one for ever. */
async function endpoint(statuses: readonly number[], answer: (received: Received) => object = () => ({})) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', url = '', headers } = request;
    received.push({ method, url, headers, body });
    const status = statuses[Math.min(received.length, statuses.length) - 1] ?? 200;
    response.writeHead(status, { 'content-type': 'application/json', 'webhook-allowed-origin': '*' });
    response.end(JSON.stringify(answer({ method, url, headers, body })));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function subscribed(over: Partial<SubscriptionRequest> & { endpoint: string }) {
  const clock = new ManualClock(new Date('2026-08-09T05:06:07.089Z'));
  const blobs: string[] = [];
  const grid = createEventGrid({
    clock,
    random: () => 0.5,
    log: () => undefined,
    deadLetter: async (name) => void blobs.push(name),
  });
  const handshake = await grid.subscribe({ name: 'near-expiry', schema: 'EventGridSchema', ...over });
  const pass = async (milliseconds: number): Promise<void> => {
    clock.advance(milliseconds);
    await grid.settled();
  };
  return { grid, handshake, pass, blobs };
}

describe('Event Grid over real HTTP', () => {
  it('delivers to the functions endpoint what the SDK understands', async () => {
    const { received, url } = await endpoint([202]);
    const path = '/runtime/webhooks/eventgrid?functionName=near-expiry&code=key';
    const { grid, pass } = await subscribed({ endpoint: `${url}${path}` });
    grid.publish(event);
    await pass(1000);
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({
      method: 'POST',
      url: path,
      headers: { 'aeg-event-type': 'Notification', 'aeg-subscription-name': 'NEAR-EXPIRY', 'aeg-delivery-count': '0' },
    });
    const [parsed] = await new EventGridDeserializer().deserializeEventGridEvents(received[0]?.body ?? '');
    expect(parsed && isSystemEvent('Microsoft.KeyVault.CertificateNearExpiry', parsed)).toBe(true);
    expect(parsed).toMatchObject({ topic: VAULT, subject: 'www', eventTime: event.time, dataVersion: '1' });
    expect(parsed?.data).toMatchObject({ Id: event.id, EXP: 1_800_000_000 });
  });

  it('delivers CloudEvents that the SDK understands', async () => {
    const { received, url } = await endpoint([200]);
    const { grid, handshake, pass } = await subscribed({ endpoint: `${url}/hook`, schema: 'CloudEventSchemaV1_0' });
    expect(handshake.state).toBe('subscribed');
    grid.publish(event);
    await pass(1000);
    expect(received.map(({ method }) => method)).toEqual(['OPTIONS', 'POST']);
    const [parsed] = await new EventGridDeserializer().deserializeCloudEvents(received[1]?.body ?? '');
    expect(parsed).toMatchObject({ source: VAULT, type: event.type, subject: 'www', time: event.time });
  });

  it('validates a webhook, retries it and gives up after the attempts', async () => {
    const { received, url } = await endpoint([200, 500], ({ body }) => ({
      validationResponse: JSON.parse(body)[0].data.validationCode,
    }));
    const hook = { endpoint: `${url}/hook`, maxDeliveryAttempts: 2 };
    const { grid, handshake, pass, blobs } = await subscribed(hook);
    expect(handshake).toEqual({ state: 'subscribed' });
    grid.publish(event);
    await pass(1000);
    await pass(11_000);
    expect(received.map(({ headers }) => headers['aeg-event-type'])).toEqual([
      'SubscriptionValidation',
      'Notification',
      'Notification',
    ]);
    await pass(5 * 60_000);
    expect(blobs).toHaveLength(1);
    expect(grid.waiting()).toBe(0);
  });

  it('retries when nobody listens', async () => {
    const { url } = await endpoint([200]);
    for (const end of ends.splice(0)) await end();
    const { grid, pass } = await subscribed({ endpoint: `${url}/runtime/webhooks/eventgrid?functionName=f&code=key` });
    grid.publish(event);
    await pass(1000);
    expect(grid.waiting()).toBe(1);
    grid.stop();
    expect(grid.waiting()).toBe(0);
  });
});
