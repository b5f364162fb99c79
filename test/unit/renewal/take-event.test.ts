import { beforeEach, describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import { takeEvent } from '../../../src/renewal/take-event.ts';
import { createWorld, NOW, VAULT_URI, type World } from '../../builders/world.ts';

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

const MINUTE = 60_000;

let world: World;
let inspections: number;

function nearExpiry(more: object = {}): object {
  return eventOf(`${VAULT_URI}/certificates/shop/${VERSION}`, more);
}

/** The world, with a count of the looks into its vault. */
function counted(): World['app'] {
  const { vault } = world.app;
  return {
    ...world.app,
    vault: {
      ...vault,
      inspect: (ref) => {
        inspections += 1;
        return vault.inspect(ref);
      },
    },
  };
}

describe('a repeated delivery', () => {
  beforeEach(async () => {
    world = await createWorld();
    inspections = 0;
  });

  it('is answered as the first one, and asks nobody', async () => {
    const app = counted();
    const first = await takeEvent(nearExpiry(), app);
    expect(first).toMatchObject({ state: 'started', certificate: 'shop' });
    for (let repeat = 0; repeat < 100; repeat++) expect(await takeEvent(nearExpiry(), app)).toEqual(first);
    expect(inspections).toBe(1);
    expect(world.started).toHaveLength(1);
  });

  it('may have another id each time', async () => {
    const app = counted();
    const first = await takeEvent(nearExpiry(), app);
    for (let id = 0; id < 100; id++) expect(await takeEvent(nearExpiry({ id: `forged-${id}` }), app)).toEqual(first);
    expect(inspections).toBe(1);
  });

  it('is not an event about another version, or of another kind', async () => {
    const app = counted();
    await takeEvent(nearExpiry(), app);
    const other = eventOf(`${VAULT_URI}/certificates/shop/${'b'.repeat(32)}`);
    expect(await takeEvent(other, app)).toMatchObject({ state: 'running' });
    const expired = nearExpiry({ eventType: 'Microsoft.KeyVault.CertificateExpired' });
    expect(await takeEvent(expired, app)).toMatchObject({ state: 'running' });
  });

  it('waits for the answer of the first when both come at once', async () => {
    const app = counted();
    const both = await Promise.all([takeEvent(nearExpiry(), app), takeEvent(nearExpiry({ id: 'two' }), app)]);
    expect(both[0]).toMatchObject({ state: 'started' });
    expect(both[1]).toEqual(both[0]);
    expect(inspections).toBe(1);
  });

  it('fails with the first when both come at once, and is then taken', async () => {
    const app = counted();
    const unreachable = new RenewalError('vault-unreachable', 'key-vault: inspect failed');
    const dark = { ...app, vault: { ...app.vault, inspect: () => Promise.reject(unreachable) } };
    const both = await Promise.allSettled([takeEvent(nearExpiry(), dark), takeEvent(nearExpiry(), dark)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await takeEvent(nearExpiry(), app)).toMatchObject({ state: 'started' });
  });

  it('is looked at again when it comes late', async () => {
    const app = counted();
    expect(await takeEvent(nearExpiry(), app)).toMatchObject({ state: 'started' });
    world.clock.advance(6 * MINUTE);
    expect(await takeEvent(nearExpiry(), app)).toMatchObject({ state: 'running' });
  });

  it('is taken when the first delivery failed', async () => {
    const app = counted();
    const unreachable = new RenewalError('vault-unreachable', 'key-vault: inspect failed');
    const dark = { ...app, vault: { ...app.vault, inspect: () => Promise.reject(unreachable) } };
    await expect(takeEvent(nearExpiry(), dark)).rejects.toBe(unreachable);
    expect(await takeEvent(nearExpiry(), app)).toMatchObject({ state: 'started' });
  });

  it('of rubbish is parked once', async () => {
    const app = counted();
    const rubbish = eventOf('https://elsewhere.example/x');
    expect(await takeEvent(rubbish, app)).toMatchObject({ state: 'parked' });
    expect(await takeEvent(rubbish, app)).toMatchObject({ state: 'parked' });
    expect(await app.journal.read(parked)).toHaveLength(1);
  });
});
