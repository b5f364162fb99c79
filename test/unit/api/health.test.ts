import { beforeEach, describe, expect, it } from 'vitest';
import { health, healthOf } from '../../../src/api/health.ts';
import { only } from '../../../src/estate/app-rows.ts';
import type { EventPathsReport } from '../../../src/monitor/event-paths.ts';
import { sweep } from '../../../src/renewal/sweep.ts';
import { createWorld, type World } from '../../builders/world.ts';
import { createMemoryLog } from '../monitor/memory-log.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

/** What health says of the paths, and what it holds for a problem, after a look some hours ago. */
async function afterLook(report: EventPathsReport | undefined, hours = 1) {
  const { rows, clock } = world.app;
  const at = (back: number) => new Date(clock.now().getTime() - back * 3_600_000).toISOString();
  await rows.save('heartbeat', only, { period: 'p', startedAt: at(0), completedAt: at(0) });
  await rows.save('sweep', only, { startedAt: at(0), completedAt: at(0), report: '{}' });
  if (report) await rows.save('eventPaths', only, { completedAt: at(hours), report: JSON.stringify(report) });
  return health.parse(await healthOf({ ...world.app, auditLog: createMemoryLog() }));
}

const path = (state: 'heard' | 'untested' | 'unheard' | 'unlogged' | 'dead') => {
  return { vault: 'kv-web', state, watchedSince: '2026-05-01T00:00:00.000Z' };
};

describe('the event paths in health', () => {
  it.each([
    ['a path that is heard', { state: 'looked', paths: [path('heard')] }, []],
    ['a path that is not tested', { state: 'looked', paths: [path('untested')] }, []],
    ['a path of which nothing is proven', { state: 'looked', paths: [path('unheard')] }, []],
    ['a path that is dead', { state: 'looked', paths: [path('heard'), path('dead')] }, ['event-path-dead']],
    ['a vault whose log does not come', { state: 'looked', paths: [path('unlogged')] }, ['event-paths-unknown']],
    [
      'a look that failed',
      { state: 'failed', code: 'log-forbidden', problem: 'p', paths: [] },
      ['event-paths-unknown'],
    ],
    [
      'a look that failed after one that found a dead path',
      { state: 'failed', code: 'log-forbidden', problem: 'p', paths: [path('dead')] },
      ['event-path-dead', 'event-paths-unknown'],
    ],
    ['no look yet', undefined, ['event-paths-none']],
  ] as const)('tell of %s, which makes no app unhealthy', async (_, report, problems) => {
    const found = await afterLook(report);
    expect(found).toMatchObject({ state: 'healthy', problems, eventPaths: { paths: report?.paths ?? [] } });
  });

  it('are not known once the last look is too old', async () => {
    const report = { state: 'looked', paths: [path('heard')] } as const;
    expect((await afterLook(report, 26)).problems).toEqual([]);
    world = await createWorld();
    const old = await afterLook(report, 27);
    expect(old.problems).toEqual(['event-paths-unknown']);
    expect(old.eventPaths).toMatchObject({ ageSeconds: 27 * 3600, state: 'looked' });
  });

  it('are off without a workspace, which is said and is no problem', async () => {
    expect((await healthOf(world.app)).eventPaths).toEqual({ state: 'off', paths: [] });
  });
});

describe('issuers in health', () => {
  it('are named while they are held back, which makes no app unhealthy', async () => {
    const { rows, clock } = world.app;
    const at = clock.now().toISOString();
    const until = new Date(clock.now().getTime() + 60_000).toISOString();
    const row = { code: 'issuer-unreachable', since: at, until, rests: 1, at } as const;
    await rows.save('breaker', 'internal', row);
    await rows.save('breaker', 'gone', row);
    const told = await afterLook({ state: 'looked', paths: [] });
    expect(told).toMatchObject({ state: 'healthy', problems: ['issuer-held-back'] });
    expect(told.issuers).toEqual([{ issuer: 'internal', code: 'issuer-unreachable', since: at, until }]);
    world.clock.advance(60_000);
    expect(health.parse(await healthOf(world.app)).issuers).toEqual([]);
  });

  it('have their credentials named that will be refused, as the last sweep saw them', async () => {
    const credential = 'https://kv-web.vault.azure.net/certificates/ca';
    const expiresAt = new Date(world.app.clock.now().getTime() + 86_400_000).toISOString();
    world.credentials.set(credential, { enabled: true, expiresAt });
    await sweep(world.app);
    const told = health.parse(await healthOf(world.app));
    expect(told.problems).toContain('credential-expiring');
    expect(told.credentials).toEqual([{ credential, issuers: 'internal', state: 'expiring', expiresAt }]);
  });

  it('have none named before the first sweep, nor by one of an earlier version', async () => {
    expect(health.parse(await healthOf(world.app))).toMatchObject({ issuers: [], credentials: [] });
    expect((await afterLook(undefined)).credentials).toEqual([]);
  });
});
