import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../local/clock.ts';
import { createDeliveryLog } from '../../../../local/events/delivery-log.ts';
import { createEventGrid } from '../../../../local/events/grid.ts';
import { createEventGridDoor } from '../../../../local/events/management.ts';

const ENDPOINT = 'http://127.0.0.1:7071/runtime/webhooks/eventgrid?functionName=f&code=secret';
const VAULT = { name: 'kv-one', resourceId: '/subscriptions/s/vaults/kv-one', uri: 'https://localhost:8440' };
const event = { type: 'Microsoft.KeyVault.CertificateNearExpiry', vaultName: 'KV-One', objectName: 'www' };

function bench(status = 202) {
  const clock = new ManualClock(new Date('2026-08-09T05:06:07.089Z'));
  const deliveries = createDeliveryLog(clock, async () => ({ status, headers: {}, body: '' }));
  const grid = createEventGrid({ clock, random: () => 0.5, send: deliveries.send, log: () => undefined });
  const door = createEventGridDoor({ grid, deliveries, clock, vaults: [VAULT] });
  const call = async (method: string, path: string, body?: unknown, contentType = 'application/json') => {
    const answer = await door.handle({
      method,
      url: new URL(`http://localhost${path}`),
      headers: { 'content-type': contentType },
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    });
    return { status: answer.status, body: JSON.parse(String(answer.body)) };
  };
  const pass = async (milliseconds: number) => {
    clock.advance(milliseconds);
    await grid.settled();
  };
  return { call, pass };
}

describe('the door of Event Grid', () => {
  it('subscribes, raises an event of a known vault and shows its delivery without the key', async () => {
    const { call, pass } = bench();
    const subscription = { name: 'mine', endpoint: ENDPOINT, schema: 'EventGridSchema', source: VAULT.resourceId };
    expect(await call('POST', '/subscriptions', subscription)).toMatchObject({ status: 201 });
    const raised = await call('POST', '/events', event);
    expect(raised).toMatchObject({ status: 202, body: { vaultResourceId: VAULT.resourceId } });
    expect(raised.body.id).toMatch(/^https:\/\/localhost:8440\/certificates\/www\/[0-9a-f]{32}$/);
    expect((await call('GET', '/deliveries')).body).toEqual({ waiting: 1, deliveries: [] });
    await pass(1000);
    const { body } = await call('GET', '/deliveries/');
    expect(body).toMatchObject({ waiting: 0, deliveries: [{ subscription: 'MINE', status: 202, deliveryCount: 0 }] });
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('gives the events of an unknown vault an id in Azure', async () => {
    const { body } = await bench().call('POST', '/events', { ...event, vaultName: 'kv-two', version: '0'.repeat(32) });
    expect(body.id).toBe(`https://kv-two.vault.azure.net/certificates/www/${'0'.repeat(32)}`);
  });

  it('shows attempts that failed', async () => {
    const { call, pass } = bench(500);
    await call('POST', '/subscriptions', { name: 'mine', endpoint: ENDPOINT, schema: 'EventGridSchema' });
    await call('POST', '/events', event);
    await pass(1000);
    await pass(11_000);
    const { body } = await call('GET', '/deliveries');
    expect(body).toMatchObject({
      waiting: 1,
      deliveries: [
        { status: 500, deliveryCount: 0 },
        { status: 500, deliveryCount: 1 },
      ],
    });
  });

  it.each([
    ['an unknown path', ['GET', '/nothing'], 404],
    ['a body that is no JSON by its type', ['POST', '/events', event, 'text/plain'], 415],
    ['no body', ['POST', '/events'], 400],
    ['an unknown type', ['POST', '/events', { ...event, type: 'x' }], 400],
    ['a name that no vault has', ['POST', '/events', { ...event, objectName: 'a/b' }], 400],
    [
      'an endpoint that is none',
      ['POST', '/subscriptions', { name: 'm-1', endpoint: 'x', schema: 'EventGridSchema' }],
      400,
    ],
    ['an unknown field', ['POST', '/subscriptions', { name: 'mine', endpoint: ENDPOINT, colour: 'red' }], 400],
  ] as const)('refuses %s', async (_, [method, path, ...rest], status) => {
    const { call } = bench();
    const answer = await call(method, path, rest[0], rest[1]);
    expect(answer).toMatchObject({ status, body: { state: 'refused', reason: expect.any(String) } });
  });
});
