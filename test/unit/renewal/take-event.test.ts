import { describe, expect, it } from 'vitest';
import { takeEvent } from '../../../src/renewal/take-event.ts';
import { createWorld, NOW, VAULT_URI } from '../../builders/world.ts';

const VERSION = 'a'.repeat(32);
const parked = `parked-events-${NOW.toISOString().slice(0, 10)}`;

function eventOf(id: string, more: object = {}): object {
  const data = { Id: id, VaultName: 'kv-web', ObjectType: 'Certificate', ObjectName: 'shop', Version: VERSION };
  const eventType = 'Microsoft.KeyVault.CertificateNearExpiry';
  const times = { eventTime: NOW.toISOString(), dataVersion: '1', metadataVersion: '1' };
  return { id: 'e-1', topic: '/subscriptions/s', subject: 'shop', eventType, data, ...times, ...more };
}

describe('a forged event', () => {
  it.each([
    ['an unknown vault', `https://attacker.example/certificates/shop/${VERSION}`, 'refused', 'vault-outside-estate'],
    ['an unknown certificate', `${VAULT_URI}/certificates/other/${VERSION}`, 'refused', 'not-in-estate'],
    [
      'a vault with a user name before it',
      `https://kv-web.vault.azure.net@attacker.example/certificates/shop/${VERSION}`,
      'refused',
      'vault-outside-estate',
    ],
    ['a path that goes up', `${VAULT_URI}/certificates/../secrets/shop/${VERSION}`, 'parked', undefined],
    ['a query', `${VAULT_URI}/certificates/shop/${VERSION}?x=1`, 'parked', undefined],
    ['another scheme', `http://kv-web.vault.azure.net/certificates/shop/${VERSION}`, 'parked', undefined],
    [
      'the address of the metadata service',
      `https://169.254.169.254/certificates/shop/${VERSION}`,
      'refused',
      'vault-outside-estate',
    ],
  ])('of %s reaches nothing and is parked', async (_, id, state, outcomeReason) => {
    const { app, vault, started } = await createWorld();
    const taken = await takeEvent(eventOf(id), app);
    expect(taken).toMatchObject({ state, ...(outcomeReason !== undefined && { outcomeReason }) });
    expect(vault.calls).toEqual([]);
    expect(started).toEqual([]);
    expect(await app.journal.read(parked)).toHaveLength(1);
  });

  it('is not asked for by its topic, but by the id of its object', async () => {
    const { app, vault } = await createWorld();
    await takeEvent(
      eventOf(`${VAULT_URI}/certificates/shop/${VERSION}`, { topic: '/subscriptions/of-somebody-else' }),
      app,
    );
    expect(vault.calls).toEqual(['inspect']);
  });

  it.each([
    ['an object', { toString: 1, valueOf: 2 }],
    ['a list', ['e-1']],
    ['nothing', null],
    ['a megabyte', 'x'.repeat(1_000_000)],
  ])('whose id is %s is parked all the same', async (_, id) => {
    const { app } = await createWorld();
    await takeEvent(eventOf('https://attacker.example/', { id }), app);
    const [record] = await app.journal.read(parked);
    expect(record?.key.length).toBeLessThanOrEqual(106);
  });
});
