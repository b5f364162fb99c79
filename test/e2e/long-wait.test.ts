import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Scenario, Seeded } from '../../local/stand/scenarios.ts';
import type { Stand } from '../../local/stand/stand.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { openStandBench, type StandBench, stories, type View } from './stand-bench.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LATE_HOURS = 6;

const estate: readonly Scenario[] = stories('healthy', 'slow-site').map((story) =>
  story.key === 'healthy' ? story : { ...story, sites: story.sites.map(late) },
);

function late(site: Scenario['sites'][number]): Scenario['sites'][number] {
  return { ...site, lagSeconds: LATE_HOURS * 3600 };
}

let bench: StandBench;
beforeAll(async () => {
  // No events: whatever happens, the sweep alone has found it.
  bench = await openStandBench({ seed: 31, events: false, prepare: verifyPatiently, scenarios: estate });
});
afterAll(() => bench.close());

/** Sites may take a day, and are looked at every ten minutes. */
async function verifyPatiently({ estateFile }: Stand): Promise<void> {
  const text = await readFile(estateFile, 'utf8');
  const patient = text
    .replace(/everySeconds: \d+/, 'everySeconds: 600')
    .replace(/forSeconds: \d+/, 'forSeconds: 86400');
  expect(patient).not.toBe(text);
  await writeFile(estateFile, patient);
}

it('a site that takes the certificate six hours late is waited for on the clock', async () => {
  const seeded = bench.seeded('slow-site');
  const began = bench.clock.now().getTime();
  const id = await bench.renew(seeded);
  const waiting = await bench.until(async () => {
    const view = (await bench.app.renewal(id)) as View | undefined;
    return view?.stage === 'deploy' && bench.clock.now().getTime() - began > HOUR ? view : undefined;
  });
  expect(waiting).toMatchObject({ verified: '0/1' });
  const renewal = await bench.ended(id);
  const hours = (bench.clock.now().getTime() - began) / HOUR;
  expect(renewal).toMatchObject({ outcome: 'renewed', outcomeReason: 'served' });
  expect(hours).toBeGreaterThanOrEqual(LATE_HOURS);
  expect(hours).toBeLessThan(LATE_HOURS + 0.5);
  expect(await servedBy(seeded)).toBe(renewal.newSha256);
});

it('forty days after "not needed", the sweep renews the certificate by itself and the site serves it', async () => {
  const { clock, app } = bench;
  const seeded = bench.seeded('healthy');
  const { vaultName: vault, name: certificate } = seeded;
  const old = await bench.stand.current(seeded);
  const { status, body } = await app.renew({ vault, certificate, force: false });
  expect(status).toBe(200);
  expect(body).toMatchObject({ outcome: 'not-needed', outcomeReason: 'not-due' });
  const wait = Date.parse(String(body.dueAt)) - clock.now().getTime();
  expect(wait / DAY).toBeGreaterThan(25);
  expect(wait / DAY).toBeLessThan(40);

  const next = bench.host.nextRun('sweep');
  clock.advance(40 * DAY);
  const renewal = await swept(seeded);

  expect(next?.getTime()).toBeLessThan(clock.now().getTime());
  expect(renewal).toMatchObject({ reason: 'sweep', outcome: 'renewed', outcomeReason: 'served' });
  const now = await bench.stand.current(seeded);
  expect(now.sha256).toBe(renewal.newSha256);
  expect(now.sha256).not.toBe(old.sha256);
  expect(await servedBy(seeded)).toBe(now.sha256);
  const [row] = await bench.rowsOf('certificates', seeded);
  expect(Date.parse(String(row?.dueAt))).toBeGreaterThan(clock.now().getTime() + 25 * DAY);
});

/** The renewal that the sweep started, once it has ended. */
async function swept(seeded: Seeded): Promise<View> {
  const id = await bench.until(async () => {
    const [row] = await bench.rowsOf('certificates', seeded);
    return typeof row?.renewalId === 'string' ? row.renewalId : undefined;
  });
  return bench.ended(id);
}

/** What the site really shows; nobody believes dates of the future, so that only the bytes count. */
function servedBy(seeded: Seeded): Promise<string> {
  const { port, hostName } = bench.stand.siteOf(seeded, 0);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: hostName, rejectUnauthorized: false }, () => {
      resolve(sha256Hex(socket.getPeerCertificate().raw));
      socket.end();
    });
    socket.once('error', reject);
  });
}
