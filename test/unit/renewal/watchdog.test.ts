import { beforeEach, describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import type { CertificateRow } from '../../../src/estate/port.ts';
import type { RenewalInstance } from '../../../src/renewal/orchestrations.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import { byUrgency, isQuiet, watch } from '../../../src/renewal/watchdog.ts';
import { createWorld, NOW, type World } from '../../builders/world.ts';

const HOUR = 3_600_000;
let world: World;
let id: string;
beforeEach(async () => {
  world = await createWorld();
  const started = await startRenewal(
    { vault: 'kv-web', certificate: 'shop', reason: 'near-expiry-event', force: false },
    world.app,
  );
  if (started.state !== 'started') throw new TypeError(JSON.stringify(started));
  id = started.renewalId;
});

async function row(): Promise<CertificateRow> {
  const found = await world.app.store.certificate('kv-web', 'shop');
  if (found === undefined) throw new TypeError('the row is there');
  return found.row;
}

async function change(changes: Partial<CertificateRow>): Promise<void> {
  const found = await world.app.store.certificate('kv-web', 'shop');
  if (found !== undefined) await world.app.store.saveCertificate({ ...found.row, ...changes }, found.etag);
}

function instance(changes: Partial<RenewalInstance>): void {
  const known = world.instances.get(id);
  if (known !== undefined) world.instances.set(id, { ...known, ...changes });
}

const keys = async () => (await world.app.journal.read(id)).map(({ key }) => key);

/** Long enough that a renewal with one target should have ended. */
const pastTime = () => world.clock.advance(24 * HOUR);

describe('a renewal that is past the time it may take', () => {
  it('is left alone before that', async () => {
    world.clock.advance(5 * HOUR);
    world.instances.delete(id);
    expect(isQuiet(await watch(world.app))).toBe(true);
    expect((await row()).state).toBe('renewing');
  });

  it('is found silent first, and is stopped and closed when it has not moved half an hour later', async () => {
    pastTime();
    expect(await watch(world.app)).toMatchObject({ silent: [id], stuck: [] });
    world.clock.advance(29 * 60_000);
    expect(await watch(world.app)).toMatchObject({ silent: [id], stuck: [] });
    expect(world.terminated).toEqual([]);
    world.clock.advance(60_000);
    expect(await watch(world.app)).toMatchObject({ silent: [], stuck: [id] });
    expect(world.terminated).toEqual([`${id} stuck`]);
    const closed = await row();
    expect(closed).toMatchObject({ state: 'idle', lastOutcome: 'failed', lastReason: 'stuck', failedAttempts: 1 });
    expect(closed).not.toHaveProperty('expectedBy');
    expect(closed).not.toHaveProperty('silentSince');
    expect(await keys()).toContain('close:from-records');
    expect(isQuiet(await watch(world.app))).toBe(true);
  });

  it('is tried again by another attempt, in another instance, after the back-off', async () => {
    pastTime();
    await watch(world.app);
    world.clock.advance(HOUR / 2);
    await watch(world.app);
    const request = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false } as const;
    expect(await startRenewal(request, world.app)).toMatchObject({ outcomeReason: 'backing-off' });
    world.clock.advance(HOUR);
    const next = await startRenewal(request, world.app);
    expect(next).toMatchObject({ state: 'started' });
    expect(next).not.toMatchObject({ renewalId: id });
    expect((await row()).attempt).toBe(2);
  });

  it('has time again once its instance has moved', async () => {
    pastTime();
    await watch(world.app);
    world.clock.advance(10 * 60_000);
    instance({ updatedAt: world.clock.now().toISOString() });
    world.clock.advance(HOUR);
    expect(isQuiet(await watch(world.app))).toBe(true);
    const heard = await row();
    expect(heard).not.toHaveProperty('silentSince');
    expect(heard.expectedBy && heard.expectedBy > world.clock.now().toISOString()).toBe(true);
    expect(world.terminated).toEqual([]);
  });

  it('may wait for what it has told of', async () => {
    pastTime();
    const nextAttemptAt = new Date(world.clock.now().getTime() + HOUR).toISOString();
    const status = { vault: 'kv-web', certificate: 'shop', stage: 'request', reason: 'sweep', nextAttemptAt } as const;
    instance({ status });
    expect(isQuiet(await watch(world.app))).toBe(true);
  });

  it('is started again under its own id when its instance is gone', async () => {
    pastTime();
    world.instances.delete(id);
    expect(await watch(world.app)).toMatchObject({ startedAgain: [id] });
    expect(world.started.map(({ renewalId }) => renewalId)).toEqual([id, id]);
    expect(world.started[1]).toMatchObject({ reason: 'near-expiry-event', force: false });
    expect(await row()).toMatchObject({ state: 'renewing', attempt: 1 });
  });

  it('is closed when its instance has ended, with how that ended', async () => {
    pastTime();
    const known = { renewalId: id, vault: 'kv-web', certificate: 'shop', reason: 'sweep', targets: [] } as const;
    const result = { ...known, outcome: 'rejected', outcomeReason: 'issuer-rejected', detail: 'no' } as const;
    instance({ state: 'finished', runtimeStatus: 'Completed', result });
    expect(await watch(world.app)).toMatchObject({ closed: [id] });
    expect(await row()).toMatchObject({ state: 'idle', lastOutcome: 'rejected', lastReason: 'issuer-rejected' });
  });

  it('keeps no other from being looked at when it cannot be', async () => {
    pastTime();
    const find = () => Promise.reject(new RenewalError('storage-unreachable', 'durable: no answer'));
    const blind = { ...world.app, orchestrations: { ...world.app.orchestrations, find } };
    expect(await watch(blind)).toMatchObject({
      unreachable: [{ certificate: 'kv-web/shop', problem: 'durable: no answer' }],
    });
    expect((await row()).state).toBe('renewing');
  });

  it('is given time when an older version of the app has claimed it', async () => {
    const { expectedBy: _, ...old } = await row();
    const found = await world.app.store.certificate('kv-web', 'shop');
    await world.app.store.saveCertificate(old, found?.etag);
    expect(isQuiet(await watch(world.app))).toBe(true);
    expect((await row()).expectedBy).toBeDefined();
  });
});

describe('a certificate that waits for its turn', () => {
  beforeEach(async () => {
    await change({ state: 'idle', queuedAt: NOW.toISOString() });
  });

  it('is started', async () => {
    const { started } = await watch(world.app);
    expect(started).toHaveLength(1);
    const claimed = await row();
    expect(claimed).toMatchObject({ state: 'renewing', attempt: 2 });
    expect(claimed).not.toHaveProperty('queuedAt');
  });

  it('waits on while the turns of its vault are used up, and keeps its place', async () => {
    expect(await watch({ ...world.app, startsPerVault: 0 })).toMatchObject({ started: [], queued: 1 });
    expect(await row()).toMatchObject({ state: 'idle', queuedAt: NOW.toISOString() });
  });

  it('waits no longer once it is not due any more', async () => {
    await change({ nextAttemptAt: new Date(NOW.getTime() + HOUR).toISOString() });
    expect(await watch(world.app)).toMatchObject({ started: [], queued: 0 });
    expect(await row()).not.toHaveProperty('queuedAt');
  });

  it('stays queued while its vault does not answer', async () => {
    world.vault.fail = () => {
      throw new RenewalError('vault-unreachable', 'key-vault: no answer');
    };
    expect(await watch(world.app)).toMatchObject({
      started: [],
      queued: 1,
      unreachable: [{ problem: 'key-vault: no answer' }],
    });
  });
});

describe('byUrgency', () => {
  it('puts first what has the least slack, and last what nobody knows', async () => {
    const estate = await world.app.estate();
    const [known] = estate.certificates;
    if (known === undefined) throw new TypeError('the estate has a certificate');
    const certificates = ['a', 'b', 'c', 'd'].map((name) => ({ ...known, name }));
    const days = (count: number) => ({ notAfter: new Date(NOW.getTime() + count * 24 * HOUR).toISOString() });
    const rows = [
      { vault: 'kv-web', name: 'left-the-estate', ...days(1) },
      { vault: 'kv-web', name: 'a', ...days(20) },
      { vault: 'kv-web', name: 'b', ...days(-1) },
      { vault: 'kv-web', name: 'c', ...days(3) },
      { vault: 'kv-web', name: 'd' },
    ];
    const sorted = byUrgency(rows, { ...estate, certificates }, NOW);
    expect(sorted.map(({ name }) => name)).toEqual(['b', 'c', 'a', 'left-the-estate', 'd']);
  });
});
