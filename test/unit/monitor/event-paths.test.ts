import { beforeEach, describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import { noteArrival } from '../../../src/monitor/arrivals.ts';
import { checkEventPaths, lastLook, type MonitorDependencies } from '../../../src/monitor/event-paths.ts';
import { deadLines, lookLine } from '../../../src/monitor/log-lines.ts';
import { logText } from '../../../src/renewal/log-fields.ts';
import { createWorld, type World } from '../../builders/world.ts';
import { createMemoryLog, type MemoryLog } from './memory-log.ts';

const HOUR = 3_600_000;
const topic = '/subscriptions/s/resourceGroups/web/providers/Microsoft.KeyVault/vaults/kv-web';
const resourceId = topic.toLowerCase();
const nearExpiry = { topic, eventType: 'Microsoft.KeyVault.CertificateNearExpiry' };

let world: World;
let log: MemoryLog;
let app: MonitorDependencies;
beforeEach(async () => {
  world = await createWorld();
  log = createMemoryLog();
  app = { ...world.app, auditLog: log };
  log.logged = [{ resourceId, firstAt: iso(), lastAt: iso() }];
});

const iso = (): string => world.clock.now().toISOString();
const states = async () => (await lastLook(app.rows))?.paths.map(({ state }) => state);

/** The vault has a version that was made just now, and announces its expiry. */
function announce(): void {
  const held = world.vault.get('shop');
  if (held.state !== 'present' || held.current === undefined) throw new TypeError('no version');
  const current = { ...held.current, createdAt: iso() };
  world.vault.set('shop', { ...held, current });
  log.announced = [{ resourceId, at: iso(), certificate: 'shop', version: current.version }, ...log.announced];
}

/** The first look begins the watch; then something is announced, and half a day goes by. */
async function announcedAndOverdue(arrives: boolean): Promise<void> {
  await checkEventPaths(app);
  world.clock.advance(HOUR);
  announce();
  if (arrives) await noteArrival(nearExpiry, app);
  world.clock.advance(12 * HOUR);
}

describe('the check of the event paths', () => {
  it('finds a dead one, and that it lives again', async () => {
    await announcedAndOverdue(false);
    const report = await checkEventPaths(app);
    expect(report).toMatchObject({ state: 'looked', paths: [{ vault: 'kv-web', state: 'dead', certificate: 'shop' }] });
    announce();
    await noteArrival(nearExpiry, app);
    world.clock.advance(7 * HOUR);
    expect(await checkEventPaths(app)).toMatchObject({ paths: [{ state: 'heard' }] });
  });

  it('holds nothing against one whose event came, and asks the vault nothing', async () => {
    await announcedAndOverdue(true);
    const calls = world.vault.calls.length;
    expect(await checkEventPaths(app)).toMatchObject({ paths: [{ state: 'heard', lastAt: expect.any(String) }] });
    expect(world.vault.calls.length).toBe(calls);
  });

  it('waits six hours for an event, and looks seven days back', async () => {
    await checkEventPaths(app);
    const now = world.clock.now().getTime();
    expect(log.asked[0]).toEqual(['announcements', { from: new Date(now - 168 * HOUR), to: new Date(now - 6 * HOUR) }]);
  });

  it.each(['log-unreachable', 'log-throttled', 'log-forbidden', 'log-refused'] as const)(
    'says that it could not look (%s), and keeps what it knew',
    async (code) => {
      await announcedAndOverdue(false);
      await checkEventPaths(app);
      log.failure = new RenewalError(code, 'log-analytics: query failed');
      world.clock.advance(6 * HOUR);
      const report = await checkEventPaths(app);
      expect(report).toMatchObject({ state: 'failed', code, problem: expect.stringContaining('query failed') });
      expect(await lastLook(app.rows)).toEqual({ ...report, completedAt: iso() });
      expect(await states()).toEqual(['dead']);
      expect(report && deadLines(report)).toEqual([]);
      delete log.failure;
      expect(await checkEventPaths(app)).toMatchObject({ state: 'looked', paths: [{ state: 'dead' }] });
    },
  );

  it('knows nothing of a vault that cannot be asked, and goes on', async () => {
    await announcedAndOverdue(false);
    world.vault.fail = () => {
      throw new RenewalError('vault-unreachable', 'key-vault: no answer');
    };
    expect(await checkEventPaths(app)).toMatchObject({ state: 'looked', paths: [{ state: 'unheard' }] });
  });

  it('says that a vault writes nothing into the log', async () => {
    log.logged = [{ resourceId: '/another', firstAt: iso(), lastAt: iso() }];
    expect(await checkEventPaths(app)).toMatchObject({ paths: [{ state: 'unlogged' }] });
  });

  it('does not hide a store that fails', async () => {
    const failure = new RenewalError('storage-unreachable', 'rows');
    app = { ...app, rows: { get: () => Promise.reject(failure), save: () => Promise.reject(failure) } };
    await expect(checkEventPaths(app)).rejects.toBe(failure);
  });

  it('does nothing without a workspace, nor while another app looks after the estate', async () => {
    const { auditLog: _, ...without } = app;
    expect(await checkEventPaths(without)).toBeUndefined();
    const hold = async () => ({ state: 'elsewhere', owner: 'other', expiresAt: iso() }) as const;
    expect(await checkEventPaths({ ...app, lease: { hold } })).toBeUndefined();
    expect(await lastLook(app.rows)).toBeUndefined();
  });
});

describe('an arrival', () => {
  const row = async () => (await app.rows.get('arrivals', 'kv-web'))?.row;

  it.each([
    ['of the schema of Event Grid', nearExpiry],
    ['of CloudEvents', { source: topic.toUpperCase(), type: 'Microsoft.KeyVault.CertificateExpired' }],
  ])('is noted by vault (%s)', async (_, event) => {
    await noteArrival(event, app);
    expect(await row()).toEqual({ lastAt: iso(), expiryAt: iso() });
  });

  it('of another kind is no answer to an announcement', async () => {
    await noteArrival({ ...nearExpiry, eventType: 'Microsoft.KeyVault.CertificateNewVersionCreated' }, app);
    expect(await row()).toEqual({ lastAt: iso() });
    await noteArrival(nearExpiry, app);
    expect(await row()).toEqual({ lastAt: iso(), expiryAt: iso() });
  });

  /** The rows, with what was written of them. */
  function counted(): { readonly app: MonitorDependencies; readonly writes: string[] } {
    const { rows } = app;
    const writes: string[] = [];
    const save: typeof rows.save = (kind, key, ...rest) => {
      writes.push(key);
      return rows.save(kind, key, ...rest);
    };
    return { app: { ...app, rows: { get: rows.get, save } }, writes };
  }

  it('in a storm is written once a minute, however many come at once', async () => {
    const { app: busy, writes } = counted();
    await Promise.all(Array.from({ length: 50 }, () => noteArrival(nearExpiry, busy)));
    for (let i = 0; i < 50; i++) await noteArrival(nearExpiry, busy);
    expect(writes).toHaveLength(1);
    world.clock.advance(60_000);
    await noteArrival(nearExpiry, busy);
    expect(writes).toHaveLength(2);
  });

  it('is not written where another instance has just done so', async () => {
    await noteArrival(nearExpiry, app);
    const { app: other, writes } = counted();
    await noteArrival(nearExpiry, other);
    expect(writes).toEqual([]);
  });

  it('that could not be written is written when it comes again', async () => {
    const { rows } = app;
    const { app: busy, writes } = counted();
    const failure = new RenewalError('storage-unreachable', 'rows');
    let isDown = true;
    const flaky: MonitorDependencies = {
      ...busy,
      rows: { get: rows.get, save: (...given) => (isDown ? Promise.reject(failure) : busy.rows.save(...given)) },
    };
    await expect(noteArrival(nearExpiry, flaky)).rejects.toBe(failure);
    isDown = false;
    await noteArrival(nearExpiry, flaky);
    expect(writes).toHaveLength(1);
  });

  it.each([
    ['of a vault that is none of the estate', { ...nearExpiry, topic: '/subscriptions/x/vaults/other' }],
    ['without a vault', { eventType: nearExpiry.eventType }],
    ['that is no event', 'junk'],
    ['that is nothing', null],
  ])('%s is not noted', async (_, event) => {
    await noteArrival(event, app);
    expect(await row()).toBeUndefined();
  });

  it('is written though another instance wrote at the same time', async () => {
    const { rows } = app;
    let races = 2;
    const raced: MonitorDependencies['rows'] = {
      get: rows.get,
      save: (...given) => {
        if (races-- > 0) return Promise.reject(new RenewalError('storage-conflict', 'changed'));
        return rows.save(...given);
      },
    };
    await noteArrival(nearExpiry, { ...app, rows: raced });
    expect(await row()).toEqual({ lastAt: iso(), expiryAt: iso() });
  });
});

describe('the lines of a look', () => {
  const path = (vault: string, state: 'dead' | 'heard' | 'unlogged') => ({ vault, state, watchedSince: 'w' });

  it('name the dead vaults, one a line, and count all lists', () => {
    const many = Array.from({ length: 20 }, (_, index) => path(`kv-${index}`, 'dead'));
    const report = { state: 'looked', paths: [...many, path('x', 'unlogged'), path('y', 'heard')] } as const;
    expect(deadLines(report).map(logText)).toHaveLength(20);
    expect(logText(deadLines(report)[0] ?? { message: 'event path dead' })).toBe(
      '{"message":"event path dead","vault":"kv-0"}',
    );
    const line = JSON.parse(logText(lookLine(report))) as Record<string, unknown[]>;
    expect(line).toMatchObject({ state: 'looked', looked: 22, counts: { dead: 20, unheard: 0, unlogged: 1 } });
    expect(line.dead).toHaveLength(15);
  });

  it('of one that failed name no vault', () => {
    const report = { state: 'failed', code: 'log-forbidden', problem: 'p', paths: [path('kv', 'dead')] } as const;
    expect(JSON.parse(logText(lookLine(report)))).toEqual({
      ...{ message: 'event paths checked', state: 'failed', code: 'log-forbidden', problem: 'p' },
    });
  });
});
