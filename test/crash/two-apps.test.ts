import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookAt } from '../../local/stand/served.ts';
import { type CrashBench, openApp, openCrashBench, type RunningApp } from './crash-bench.ts';
import { untilAccepted, untilEnded } from './live-through.ts';
import { successes } from './whole.ts';

let bench: CrashBench;
let other: RunningApp;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'second-'));
  bench = await openCrashBench({ seed: 38, certificates: 4 });
  other = await openApp(bench.stand, { directory: join(folder, 'host'), settings: join(folder, 'settings.json') });
});
afterAll(async () => {
  await other?.stop();
  await bench?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a second app of another name', () => {
  it('sees the lease, refuses, and touches nothing; the first goes on', async () => {
    const seeded = bench.stand.estate.certificates[3];
    if (seeded === undefined) throw new TypeError('no fourth certificate is seeded');
    const id = await untilAccepted(bench, seeded);
    const stranger = await openApp(bench.stand, {
      ...{ directory: join(folder, 'stranger'), settings: join(folder, 'stranger.json') },
      name: 'stranger',
    });
    try {
      const wish = { vault: seeded.vaultName, certificate: seeded.name, force: true };
      const answer = await stranger.client.renew(wish);
      expect(answer, JSON.stringify(answer)).toMatchObject({ status: 409 });
      expect(JSON.stringify(answer.body)).toContain('another-app');
    } finally {
      await stranger.stop();
    }
    expect(await untilEnded(bench, id)).toMatchObject({ outcome: 'renewed', outcomeReason: 'served' });
    expect(await bench.view.rowsOf('orders', seeded)).toMatchObject([{ renewalId: id, state: 'merged' }]);
    expect(bench.view.versions(seeded)).toBe(2);
  });
});

describe('two apps of one name with the same vaults and tables, and task hubs of their own', () => {
  it.each([0, 1, 2])('make no two orders or versions, asked at the same moment (certificate %i)', async (index) => {
    const seeded = bench.stand.estate.certificates[index];
    if (seeded === undefined) throw new TypeError(`no certificate ${index} is seeded`);
    bench.traps.handled.length = 0;
    const wish = { vault: seeded.vaultName, certificate: seeded.name, force: true };
    const answers = await Promise.all([bench.app.client.renew(wish), other.client.renew(wish)]);
    const ids = new Set(answers.filter(({ status }) => status === 202).map(({ body }) => String(body.id)));
    expect(ids.size, JSON.stringify(answers)).toBe(1);
    const [id = ''] = ids;
    const views = await Promise.all([bench.app, other].map((app) => untilEnded({ app }, id)));
    expect((await bench.view.rowsOf('orders', seeded)).length).toBeLessThanOrEqual(1);
    expect((await bench.view.rows('issuances')).filter(({ renewalId }) => renewalId === id).length).toBeLessThanOrEqual(
      1,
    );
    expect(bench.view.versions(seeded)).toBeLessThanOrEqual(2);
    for (const effect of ['CSR', 'merge']) expect(successes(bench.traps.handled, effect)).toBeLessThanOrEqual(1);
    const keys = (await bench.view.journal.read(id)).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    // Each may take the other's work for a stranger's and stop: who asks again, when both have, gets the certificate.
    if (!views.some(({ outcome }) => outcome === 'renewed')) {
      expect(await untilEnded(bench, await untilAccepted(bench, seeded))).toMatchObject({ outcome: 'renewed' });
    }
    const { sha256 } = await bench.stand.current(seeded);
    expect(await lookAt(bench.stand.siteOf(seeded, 0), bench.stand.rootPemOf(seeded))).toEqual({
      state: 'trusted',
      sha256,
    });
  });
});
