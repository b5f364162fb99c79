import { describe, expect, it } from 'vitest';
import { healthOf } from '../../../src/api/health.ts';
import { getHealth, getSweep } from '../../../src/api/renewals.ts';
import { RenewalError } from '../../../src/errors.ts';
import { only } from '../../../src/estate/app-rows.ts';
import { beat, pulseOf, startHeartbeat } from '../../../src/renewal/beat.ts';
import { sweep } from '../../../src/renewal/sweep.ts';
import { createWorld, NOW, type World } from '../../builders/world.ts';

const MINUTE = 60_000;

/** A heartbeat comes through, seconds after it was started. */
async function through(world: World): Promise<void> {
  await startHeartbeat(world.app);
  const startedAt = world.clock.now().toISOString();
  world.clock.advance(2000);
  await beat({ period: world.heartbeats.at(-1) ?? '', startedAt }, world.app);
}

describe('the heartbeat', () => {
  it('is named after its minute of the day, so that a repeat starts the same', async () => {
    const world = await createWorld();
    expect(await startHeartbeat(world.app)).toEqual({ state: 'none' });
    await startHeartbeat(world.app);
    expect(world.heartbeats).toEqual(['1200', '1200']);
  });

  it('leaves when it was started and when it came through', async () => {
    const world = await createWorld();
    await through(world);
    expect((await world.app.rows.get('heartbeat', only))?.row).toEqual({
      period: '1200',
      startedAt: NOW.toISOString(),
      completedAt: new Date(NOW.getTime() + 2000).toISOString(),
    });
  });

  it.each([
    [30, 'fresh'],
    [31, 'stale'],
  ])('is after %i minutes %s', async (minutes, state) => {
    const world = await createWorld();
    await through(world);
    world.clock.advance(minutes * MINUTE);
    expect(await pulseOf(world.app)).toMatchObject({ state, ageSeconds: minutes * 60 });
    expect(await startHeartbeat(world.app)).toMatchObject({ state });
  });

  it('of an earlier time that comes through late changes nothing', async () => {
    const world = await createWorld();
    await through(world);
    const before = await world.app.rows.get('heartbeat', only);
    await beat({ period: '1145', startedAt: new Date(NOW.getTime() - 15 * MINUTE).toISOString() }, world.app);
    expect(await world.app.rows.get('heartbeat', only)).toEqual(before);
  });

  it('gives way to another that comes through at the same moment, and to nothing else', async () => {
    const { app } = await createWorld();
    const saving = (code: 'storage-conflict' | 'storage-unreachable') => ({
      ...app,
      rows: { ...app.rows, save: () => Promise.reject(new RenewalError(code, 'estate: save failed')) },
    });
    const input = { period: '1200', startedAt: NOW.toISOString() };
    await expect(beat(input, saving('storage-conflict'))).resolves.toBeUndefined();
    await expect(beat(input, saving('storage-unreachable'))).rejects.toMatchObject({ code: 'storage-unreachable' });
  });
});

describe('the health', () => {
  const call = (world: World) => ({ app: world.app, base: 'https://app.example' });

  it('of a new app is good, with what is still to come', async () => {
    const world = await createWorld();
    expect(await healthOf(world.app)).toEqual({
      ...{ state: 'healthy', problems: ['heartbeat-none', 'sweep-none'] },
      eventPaths: { state: 'off', paths: [] },
      ...{ issuers: [], credentials: [] },
    });
    expect((await getSweep(call(world))).status).toBe(404);
  });

  it('shows the ages of heartbeat and sweep', async () => {
    const world = await createWorld();
    await sweep(world.app);
    await through(world);
    world.clock.advance(5 * MINUTE);
    const { status, body } = await getHealth(call(world));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      state: 'healthy',
      problems: [],
      heartbeat: { ageSeconds: 300 },
      sweep: { ageSeconds: 302 },
    });
  });

  it('is bad when no heartbeat came through for half an hour, or no sweep for a day', async () => {
    const world = await createWorld();
    await sweep(world.app);
    await through(world);
    world.clock.advance(31 * MINUTE);
    expect(await getHealth(call(world))).toMatchObject({ status: 503, body: { problems: ['heartbeat-stale'] } });
    world.clock.advance(26 * 60 * MINUTE);
    await through(world);
    expect(await getHealth(call(world))).toMatchObject({ status: 503, body: { problems: ['sweep-stale'] } });
  });
});
