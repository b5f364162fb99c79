import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { healthOf } from '../../../src/api/health.ts';
import { RenewalError } from '../../../src/errors.ts';
import { type AppRowStore, only } from '../../../src/estate/app-rows.ts';
import { createMemoryAppRows } from '../../../src/estate/memory.ts';
import { createMemoryJournal } from '../../../src/journal/memory.ts';
import { startHeartbeat } from '../../../src/renewal/beat.ts';
import { createLease, type Lease } from '../../../src/renewal/lease.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import { runStep } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import { sweep } from '../../../src/renewal/sweep.ts';
import { takeEvent } from '../../../src/renewal/take-event.ts';
import { isQuiet, watch } from '../../../src/renewal/watchdog.ts';
import { createWorld, NOW, type World } from '../../builders/world.ts';

const MINUTE = 60_000;

let clock: ManualClock;
let journal: ReturnType<typeof createMemoryJournal>;
let rows: AppRowStore;
let calls: string[];
let isDown: boolean;
beforeEach(() => {
  clock = new ManualClock(NOW);
  journal = createMemoryJournal();
  calls = [];
  isDown = false;
  const memory = createMemoryAppRows();
  const answer = <T>(call: string, work: () => Promise<T>): Promise<T> => {
    calls.push(call);
    if (isDown) return Promise.reject(new RenewalError('storage-unreachable', 'estate: no answer'));
    return work();
  };
  rows = {
    get: (kind, key) => answer('get', () => memory.get(kind, key)),
    save: (kind, key, row, etag) => answer('save', () => memory.save(kind, key, row, etag)),
  };
});

const leaseOf = (owner: string): Lease => createLease({ rows, journal, clock, owner });
const held = { state: 'held' };

describe('the lease', () => {
  it('is held by the first app that asks, and by no second one', async () => {
    expect(await leaseOf('one').hold()).toEqual(held);
    const expiresAt = new Date(NOW.getTime() + 10 * MINUTE).toISOString();
    expect(await leaseOf('two').hold()).toEqual({ state: 'elsewhere', owner: 'one', expiresAt });
  });

  it('is shared by all instances of an app', async () => {
    expect(await Promise.all([leaseOf('one').hold(), leaseOf('one').hold(), leaseOf('one').hold()])).toEqual([
      ...[held, held, held],
    ]);
  });

  it('has one owner of two apps that ask at once', async () => {
    const holds = await Promise.all(['one', 'two', 'three'].map((owner) => leaseOf(owner).hold()));
    expect(holds.map(({ state }) => state).sort()).toEqual(['elsewhere', 'elsewhere', 'held']);
  });

  it('costs no call for the first half of its life, and one renewal then', async () => {
    const lease = leaseOf('one');
    await Promise.all([lease.hold(), lease.hold()]);
    expect(calls).toEqual(['get', 'save']);
    clock.advance(5 * MINUTE - 1);
    await lease.hold();
    expect(calls).toHaveLength(2);
    clock.advance(1);
    await lease.hold();
    expect(calls).toEqual(['get', 'save', 'get', 'save']);
    expect((await rows.get('lease', only))?.row.takenAt).toBe(NOW.toISOString());
  });

  it('is taken over once it has expired, and the journal tells', async () => {
    const [one, two] = [leaseOf('one'), leaseOf('two')];
    await one.hold();
    clock.advance(10 * MINUTE - 1);
    expect(await two.hold()).toMatchObject({ state: 'elsewhere' });
    clock.advance(MINUTE);
    expect(await two.hold()).toEqual(held);
    expect(await one.hold()).toMatchObject({ state: 'elsewhere', owner: 'two' });
    expect(await journal.read('lease')).toMatchObject([{ facts: { owner: 'two', before: 'one' } }]);
  });

  it('lasts while the store does not answer, up to a minute before its end', async () => {
    const lease = leaseOf('one');
    await lease.hold();
    isDown = true;
    clock.advance(9 * MINUTE - 1);
    expect(await lease.hold()).toEqual(held);
    clock.advance(1);
    await expect(lease.hold()).rejects.toMatchObject({ code: 'storage-unreachable' });
    isDown = false;
    expect(await lease.hold()).toEqual(held);
  });

  it('of another app is looked at again every quarter of a minute only', async () => {
    await leaseOf('one').hold();
    const two = leaseOf('two');
    for (let index = 0; index < 5; index++) await two.hold();
    expect(calls).toEqual(['get', 'save', 'get']);
  });
});

describe('an app without the lease', () => {
  let world: World;
  let second: World['app'];
  beforeEach(async () => {
    world = await createWorld();
    const lease: Lease = { hold: async () => ({ state: 'elsewhere', owner: 'one', expiresAt: NOW.toISOString() }) };
    second = { ...world.app, lease };
  });
  const request = { vault: 'kv-web', certificate: 'shop', reason: 'manual', force: true } as const;

  it('starts nothing for anybody, and asks no vault', async () => {
    expect(await startRenewal(request, second)).toMatchObject({ state: 'refused', outcomeReason: 'another-app' });
    expect(await sweep(second)).toMatchObject({ looked: 0, refused: [{ certificate: '*', reason: 'another-app' }] });
    expect(isQuiet(await watch(second))).toBe(true);
    expect(world.vault.calls).toEqual([]);
    expect(world.started).toEqual([]);
  });

  it('refuses an event, and parks it not: it is another app’s', async () => {
    const event = {
      ...{ specversion: '1.0', id: '1', source: '/vaults/kv-web', subject: 'shop', time: NOW.toISOString() },
      type: 'Microsoft.KeyVault.CertificateNearExpiry',
      data: { Id: `https://kv-web.vault.azure.net/certificates/shop/${'a'.repeat(32)}` },
    };
    expect(await takeEvent(event, second)).toMatchObject({ state: 'refused', outcomeReason: 'another-app' });
    expect(await world.app.journal.read(`parked-events-${NOW.toISOString().slice(0, 10)}`)).toEqual([]);
  });

  it('says so in its health, and lets its heart not beat for the other', async () => {
    expect(await healthOf(second)).toMatchObject({
      state: 'unhealthy',
      problems: expect.arrayContaining(['another-app']),
    });
    await startHeartbeat(second);
    expect(world.heartbeats).toEqual([]);
  });

  it('stops a renewal before its next act, and leaves the row to who takes it up', async () => {
    const started = await startRenewal(request, world.app);
    const renewalId = started.state === 'started' ? started.renewalId : '';
    const call = { renewalId, vault: 'kv-web', certificate: 'shop', attempt: 1 };
    const inspected = await runStep('inspect', steps.inspect, { input: { ...call, reason: 'manual' }, app: second });
    if (inspected.state !== 'done') throw new TypeError(JSON.stringify(inspected));
    const stopped = { state: 'ended', outcome: 'failed', outcomeReason: 'another-app' };
    const requested = { input: { ...call, inspected: inspected.value }, app: second };
    expect(await runStep('request', steps.request, requested)).toMatchObject(stopped);
    expect(world.vault.calls).not.toContain('request');
    const names = { renewalId, vault: 'kv-web', certificate: 'shop', reason: 'manual', targets: [] } as const;
    const result = { ...names, outcome: 'failed', outcomeReason: 'another-app', detail: '' } as const;
    expect(await runStep('close', steps.close, { input: { ...call, result }, app: second })).toMatchObject(stopped);
    expect((await world.app.store.certificate('kv-web', 'shop'))?.row).toMatchObject({ state: 'renewing', renewalId });
  });
});
