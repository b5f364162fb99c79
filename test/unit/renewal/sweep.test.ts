import { describe, expect, it } from 'vitest';
import { sweepView } from '../../../src/api/health.ts';
import { getSweep } from '../../../src/api/renewals.ts';
import { RenewalError } from '../../../src/errors.ts';
import { sweep } from '../../../src/renewal/sweep.ts';
import { watch } from '../../../src/renewal/watchdog.ts';
import { createWorld, NOW, type World } from '../../builders/world.ts';
import { certificateRow } from '../../contract/estate-suite.ts';

const DAY = 86_400_000;
const day = (count: number) => new Date(NOW.getTime() + count * DAY).toISOString();

/** A vault in which so many certificates are due at once, each with a day less to live than the one before. */
async function crowded(count: number): Promise<World> {
  const world = await createWorld();
  const estate = await world.app.estate();
  const [first] = estate.certificates;
  const held = world.vault.get('shop');
  if (first === undefined || held.state !== 'present' || held.current === undefined)
    throw new TypeError('shop is there');
  const names = Array.from({ length: count }, (_, index) => `site-${index}`);
  for (const [index, name] of names.entries()) {
    const notAfter = day(20 - index * 0.5);
    world.vault.set(name, { ...held, current: { ...held.current, notAfter } });
    await world.app.store.saveCertificate(certificateRow(name, { vault: 'kv-web', notAfter }));
  }
  const certificates = names.map((name) => ({ ...first, name }));
  return { ...world, app: { ...world.app, estate: async () => ({ ...estate, certificates }) } };
}

const startedNames = (world: World) => world.started.map(({ certificate }) => certificate);

describe('sweep', () => {
  it('starts the most urgent of a vault first, and leaves the others to the watchdog', async () => {
    const world = await crowded(24);
    expect(await sweep(world.app)).toMatchObject({ looked: 24, queued: 14, waiting: 0 });
    const urgent = Array.from({ length: 24 }, (_, index) => `site-${23 - index}`);
    expect(startedNames(world).toSorted()).toEqual(urgent.slice(0, 10).toSorted());
    expect(await watch(world.app)).toMatchObject({ started: [], queued: 14 });
    world.clock.advance(60_000);
    expect(await watch(world.app)).toMatchObject({ queued: 4 });
    expect(startedNames(world).slice(10)).toEqual(urgent.slice(10, 20));
    world.clock.advance(60_000);
    expect(await watch(world.app)).toMatchObject({ queued: 0 });
    expect(new Set(startedNames(world)).size).toBe(24);
  });

  it('starts five hundred after a downtime in turns of ten, none of them twice', async () => {
    const world = await crowded(500);
    await sweep(world.app);
    for (let minute = 1; minute < 50; minute++) {
      world.clock.advance(60_000);
      await watch(world.app);
      expect(world.started.length).toBe(10 + minute * 10);
    }
    expect(new Set(startedNames(world)).size).toBe(500);
  });

  it('tells who is looked after by nobody, and who is late', async () => {
    const world = await createWorld();
    const left = certificateRow('left', { vault: 'kv-web', notAfter: day(5) });
    await world.app.store.saveCertificate(left);
    const backsOff = { notAfter: day(-1), dueAt: day(-3), nextAttemptAt: day(1), failedAttempts: 7 };
    await world.app.store.saveCertificate(certificateRow('shop', { vault: 'kv-web', ...backsOff }));
    world.vault.set('nobodys', world.vault.get('shop'));
    const report = await sweep(world.app);
    expect(report).toMatchObject({
      ...{ started: [], waiting: 1, unowned: ['kv-web/nobodys'], orphans: ['kv-web/left'] },
      ...{ overdue: ['kv-web/shop'], expired: ['kv-web/shop'] },
    });
  });

  it('tells that what is due cannot be reached', async () => {
    const world = await createWorld();
    await world.app.store.saveCertificate(certificateRow('shop', { vault: 'kv-web', dueAt: day(-3) }));
    world.vault.fail = () => {
      throw new RenewalError('vault-unreachable', 'key-vault: no answer');
    };
    expect(await sweep(world.app)).toMatchObject({ unreachable: [{}], overdue: ['kv-web/shop'] });
  });

  it('keeps its report for whoever asks', async () => {
    const world = await createWorld();
    const report = await sweep(world.app);
    const { status, body } = await getSweep({ app: world.app, base: '' });
    expect(status).toBe(200);
    expect(sweepView.parse(body)).toEqual({ startedAt: NOW.toISOString(), completedAt: NOW.toISOString(), ...report });
  });
});
