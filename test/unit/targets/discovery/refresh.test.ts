import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../local/clock.ts';
import { getCertificateUses, getUses } from '../../../../src/api/uses.ts';
import { RenewalError } from '../../../../src/errors.ts';
import { createMemoryAppRows } from '../../../../src/estate/memory.ts';
import { logText } from '../../../../src/renewal/log-fields.ts';
import { sweepUses } from '../../../../src/renewal/sweep-uses.ts';
import {
  refreshUses,
  sawEverything,
  type UsesDependencies,
  usesOfCertificate,
} from '../../../../src/targets/discovery/refresh.ts';
import { createMemoryLog, type MemoryLog } from '../../monitor/memory-log.ts';
import { READER, resources, SUBSCRIPTION, VAULT_ID } from './azure.ts';
import { dependenciesOf, lookAt } from './bench.ts';
import { estate } from './estate.ts';

const HOUR = 3_600_000;
const SHOP = { vault: 'contoso', name: 'Shop' };
const OTHER = '22222222-2222-2222-2222-222222222222';

// The first reading loads the parser, which takes longer than any test.
beforeAll(() => lookAt(resources), 60_000);

let clock: ManualClock;
let log: MemoryLog;
let azure: { resources: typeof resources; failure?: Error; failsAt?: number; queries: number };
let app: UsesDependencies;
beforeEach(() => {
  clock = new ManualClock(new Date('2027-01-01T00:00:00Z'));
  log = createMemoryLog();
  azure = { resources, queries: 0 };
  app = {
    ...{ clock, rows: createMemoryAppRows(), auditLog: log, usesHours: 12 },
    estate: async () => ({ ...estate([]), subscriptions: [OTHER] }),
    lease: { hold: async () => ({ state: 'held' }) } as UsesDependencies['lease'],
    vault: { inspect: async () => ({ state: 'absent', softDeleted: false }), async *versions() {} },
    discovery: dependenciesOf(() => {
      azure.queries++;
      if (azure.failure !== undefined) throw azure.failure;
      if (azure.queries === azure.failsAt) throw new RenewalError('arm-throttled', 'resource graph: 429');
      return azure.resources;
    }),
  };
});

const call = { vault: 'contoso', name: 'shop' };

describe('refreshUses', () => {
  it('looks when nobody has, and again when that is hours ago', async () => {
    expect((await refreshUses(app))?.state).toBe('looked');
    clock.advance(11 * HOUR);
    expect(await refreshUses(app)).toBeUndefined();
    clock.advance(HOUR);
    expect((await refreshUses(app))?.completedAt).toBe('2027-01-01T12:00:00.000Z');
  });

  it('does not look when it is told never to, or another app looks after the estate', async () => {
    expect(await refreshUses({ ...app, usesHours: 0 })).toBeUndefined();
    const lease = { hold: async () => ({ state: 'elsewhere' }) } as UsesDependencies['lease'];
    expect(await refreshUses({ ...app, lease })).toBeUndefined();
    expect(azure.queries).toBe(0);
  });

  it('counts what it found, and names the role that is missing', async () => {
    const report = await refreshUses(app);
    expect(report?.counts).toMatchObject({ discovered: 3, incomplete: 3, pinned: 2, unplanned: 1 });
    expect(report?.unseen).toEqual([
      { subscription: OTHER, missing: `Perennial usage reader at /subscriptions/${OTHER}` },
    ]);
    expect(report?.problems.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      'app-settings arm-forbidden',
      'front-door arm-forbidden',
      'service-fabric arm-forbidden',
    ]);
  });

  it('keeps what it knew when Azure cannot be asked', async () => {
    const before = await refreshUses(app);
    azure.failure = new RenewalError('arm-throttled', 'resource graph: told to rest for 40 s');
    clock.advance(12 * HOUR);
    const report = await refreshUses(app);
    expect(report).toMatchObject({ state: 'failed', code: 'arm-throttled', counts: before?.counts });
    expect((await usesOfCertificate(SHOP, app.rows))?.uses.length).toBeGreaterThan(5);
  });

  it('asks again at the next sweep when Azure could not be asked', async () => {
    azure.failure = new RenewalError('arm-throttled', 'resource graph: told to rest for 40 s');
    const line = await sweepUses(app);
    expect(line && JSON.parse(logText(line))).toMatchObject({
      ...{ message: 'uses looked at', state: 'failed', code: 'arm-throttled' },
    });
    delete azure.failure;
    clock.advance(HOUR);
    expect(await refreshUses(app)).toMatchObject({ state: 'looked' });
  });

  it('looks again at the next sweep when one kind met what passes', async () => {
    azure.failsAt = 3;
    const first = await refreshUses(app);
    expect(first?.problems).toContainEqual(expect.objectContaining({ code: 'arm-throttled' }));
    expect(first && sawEverything(first)).toBe(false);
    const second = await refreshUses(app);
    expect(second?.problems).not.toContainEqual(expect.objectContaining({ code: 'arm-throttled' }));
    expect(await refreshUses(app)).toBeUndefined();
  });

  it('writes a certificate only when its uses have changed', async () => {
    await refreshUses(app);
    const first = (await app.rows.get('uses', 'contoso/Shop'))?.etag;
    clock.advance(12 * HOUR);
    await refreshUses(app);
    expect((await app.rows.get('uses', 'contoso/Shop'))?.etag).toBe(first);
    azure.resources = [];
    clock.advance(12 * HOUR);
    await refreshUses(app);
    expect((await usesOfCertificate(SHOP, app.rows))?.uses).toEqual([]);
  });

  it('tells who read the secret and is no place that uses it', async () => {
    const reader = { resourceId: VAULT_ID.toLowerCase(), name: 'shop', reads: 3, lastAt: '2026-12-31T00:00:00Z' };
    log.callers = [
      { ...reader, objectId: READER },
      { ...reader, applicationId: 'abfa0a7c-a6b6-4736-8310-5855508787cd' },
      { ...reader, person: 'somebody@contoso.com' },
      { ...reader, name: 'not-used', objectId: READER },
      { ...reader, resourceId: '/elsewhere', objectId: OTHER },
    ];
    const report = await refreshUses(app);
    expect((await usesOfCertificate(SHOP, app.rows))?.unexplainedReaders).toEqual([
      { person: 'somebody@contoso.com', reads: 3, lastAt: '2026-12-31T00:00:00Z' },
    ]);
    expect(report).toMatchObject({ audit: 'read', unexplainedReaders: [{ certificate: 'contoso/Shop', readers: 1 }] });
  });

  it('tells that the audit log could not be read, or that there is none', async () => {
    log.failure = new RenewalError('log-forbidden', 'no');
    expect(await refreshUses(app)).toMatchObject({ audit: 'failed', counts: { unexplainedReaders: 0 } });
    const { auditLog: _, ...without } = app;
    expect(await refreshUses({ ...without, rows: createMemoryAppRows() })).toMatchObject({ audit: 'off' });
  });

  it('keeps as many uses as a row holds, and says how many more there are', async () => {
    const [machine, extension] = resources.filter(({ id }) => /virtualMachines\/vm1$|KVVMExtension/.test(id));
    if (machine === undefined || extension === undefined) throw new TypeError('no machine');
    const named = ({ id, ...one }: typeof machine, index: number) => ({ ...one, id: id.replace('vm1', `vm${index}`) });
    azure.resources = Array.from({ length: 2000 }, (_, index) => [
      named(machine, index),
      named(extension, index),
    ]).flat();
    await refreshUses(app);
    const found = await usesOfCertificate(SHOP, app.rows);
    expect(found?.moreUses).toBeGreaterThan(100);
    expect(found?.uses.length).toBeGreaterThan(100);
    expect((found?.uses.length ?? 0) + (found?.moreUses ?? 0)).toBe(4000);
    expect(JSON.stringify(found).length).toBeLessThan(450_000);
  });
});

describe('GET /api/uses', () => {
  it('answers 404 before the first look', async () => {
    expect(await getUses(app)).toMatchObject({ status: 404, body: { code: 'uses-not-looked' } });
    expect(await getCertificateUses(app, call)).toMatchObject({ status: 404, body: { code: 'uses-not-looked' } });
  });

  it('shows the whole, and each certificate', async () => {
    await refreshUses(app);
    const guided = { guides: { 'container-apps': expect.stringContaining('twelve hours') } };
    expect(await getUses(app)).toMatchObject({
      ...{ status: 200, body: { state: 'looked', ...guided } },
    });
    expect(JSON.stringify((await getUses(app)).body)).toContain('entra-app-credentials');
    const { status, body } = await getCertificateUses(app, call);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      vault: 'contoso',
      certificate: 'Shop',
      lookedAt: '2027-01-01T00:00:00.000Z',
      ...guided,
    });
    expect(JSON.stringify(body)).toContain('"state":"discovered"');
    expect(JSON.stringify(body)).toContain(SUBSCRIPTION);
  });

  it.each([
    [{ vault: 'x"', name: 'shop' }, 422],
    [{ vault: 'contoso', name: '../x' }, 422],
    [{ vault: 'fabrikam', name: 'shop' }, 404],
    [{ vault: 'contoso', name: 'other' }, 404],
  ])('answers %j with %i', async (asked, status) => {
    await refreshUses(app);
    expect(await getCertificateUses(app, asked)).toMatchObject({ status });
  });
});
