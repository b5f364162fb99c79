import { beforeEach, describe, expect, it } from 'vitest';
import { problemDocument } from '../../../src/api/problems.ts';
import { getReaders, type ReadersCall, readersView } from '../../../src/api/readers.ts';
import { RenewalError } from '../../../src/errors.ts';
import { createWorld, VAULT_URI, type World } from '../../builders/world.ts';
import { createMemoryLog, type MemoryLog } from '../monitor/memory-log.ts';

const DAY = 86_400_000;
let world: World;
let log: MemoryLog;
beforeEach(async () => {
  world = await createWorld();
  log = createMemoryLog();
});

const shop = { vault: 'kv-web', name: 'shop', days: null };
const ask = (call: Partial<ReadersCall> = {}) => getReaders({ ...world.app, auditLog: log }, { ...shop, ...call });
const times = { firstAt: '2026-05-30T00:00:00.000Z', lastAt: '2026-05-31T00:00:00.000Z' };
const reader = { objectId: 'o', applicationId: 'a', address: '10.0.0.7', reads: 2, ...times };

describe('the readers of a certificate', () => {
  it('are told with the time that was looked at, and what is logged of it', async () => {
    log.read = [reader];
    log.logged = [{ resourceId: '/v', ...times }];
    const { status, body } = await ask({ name: 'SHOP', days: '7' });
    const now = world.clock.now();
    expect(status).toBe(200);
    expect(readersView.parse(body)).toEqual({
      ...{ vault: 'kv-web', certificate: 'shop', readers: [reader], truncated: false },
      ...{ from: new Date(now.getTime() - 7 * DAY).toISOString(), to: now.toISOString() },
      logged: { from: times.firstAt, to: times.lastAt },
    });
    const window = { from: new Date(now.getTime() - 7 * DAY), to: now };
    const resourceId = '/subscriptions/s/resourceGroups/web/providers/Microsoft.KeyVault/vaults/kv-web';
    expect(log.asked).toEqual([
      ['readers', { resourceId, vault: VAULT_URI, name: 'shop' }, window, 201],
      ['logged', window, resourceId],
    ]);
  });

  it('are nobody, and not said to be nobody, where nothing is logged', async () => {
    const { body } = await ask();
    expect(body).toMatchObject({ readers: [], truncated: false });
    expect(body).not.toHaveProperty('logged');
  });

  it('are cut at 200, and that is said', async () => {
    log.read = Array.from({ length: 300 }, () => reader);
    const { body } = await ask();
    expect(readersView.parse(body)).toMatchObject({ truncated: true });
    expect(readersView.parse(body).readers).toHaveLength(200);
  });

  it.each([
    ['vault', { vault: "kv'; AppTraces" }],
    ['vault', { vault: 'https://kv-web.vault.azure.net' }],
    ['name', { name: 'shop"' }],
    ['name', { name: '' }],
    ['days', { days: '0' }],
    ['days', { days: '91' }],
    ['days', { days: '7d' }],
    ['days', { days: '' }],
  ])('are not asked for with a wrong %s', async (field, call) => {
    const { status, body } = await ask(call);
    expect(status).toBe(422);
    expect(problemDocument.parse(body)).toMatchObject({ code: 'request-invalid', errors: [{ field }] });
    expect(log.asked).toEqual([]);
  });

  it.each([
    ['vault-outside-estate', { vault: 'kv-other' }],
    ['not-in-estate', { name: 'database-password' }],
  ])('are told of nothing that is not in the estate (%s)', async (code, call) => {
    const { status, body } = await ask(call);
    expect([status, problemDocument.parse(body).code]).toEqual([404, code]);
    expect(log.asked).toEqual([]);
  });

  it('cannot be told without a workspace', async () => {
    const { status, body } = await getReaders(world.app, shop);
    expect([status, problemDocument.parse(body).code]).toEqual([501, 'no-audit-log']);
    expect(problemDocument.parse(body).detail).toContain('PERENNIAL_LOG_WORKSPACE');
  });

  it('are not told in part: a log that fails is thrown', async () => {
    log.failure = new RenewalError('log-unreachable', 'only a part of the answer came');
    await expect(ask()).rejects.toMatchObject({ code: 'log-unreachable' });
  });
});
