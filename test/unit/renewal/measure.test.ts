import { beforeEach, describe, expect, it } from 'vitest';
import type { CertificateRow } from '../../../src/estate/port.ts';
import { startHeartbeat } from '../../../src/renewal/beat.ts';
import type { LogLine } from '../../../src/renewal/log-fields.ts';
import { closedRowMetrics, closeMetrics, gauges, sweepMetrics } from '../../../src/renewal/measure.ts';
import { startRenewal } from '../../../src/renewal/start.ts';
import { runStep } from '../../../src/renewal/steps/step.ts';
import { steps } from '../../../src/renewal/steps/table.ts';
import type { RenewalResult, StepInput } from '../../../src/renewal/story.ts';
import { type Expiry, sweep } from '../../../src/renewal/sweep.ts';
import type { CredentialExpiry } from '../../../src/renewal/watch-credentials.ts';
import { createWorld, NOW, site, type World } from '../../builders/world.ts';
import { certificateRow } from '../../contract/estate-suite.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});

/** The points by metric. */
function measured(lines: readonly LogLine[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(lines.map(({ metric, points }) => [metric, points]));
}

const targets = [
  { id: site('a').id, kind: 'app-service', verified: true, touched: true },
  { id: site('b').id, kind: 'app-service', verified: false, touched: true },
] as const;

describe('a renewal that is closed', () => {
  async function closing(result: Partial<RenewalResult>): Promise<StepInput<'close'>> {
    const row = certificateRow('shop', { vault: 'kv-web', state: 'renewing', renewalId: 'r', failedAttempts: 2 });
    await world.app.store.saveCertificate({ ...row, lastAttemptAt: NOW.toISOString() });
    world.clock.advance(90_500);
    const names = { renewalId: 'r', vault: 'kv-web', certificate: 'shop' };
    const end = { reason: 'sweep', outcome: 'renewed', outcomeReason: 'served', detail: '', targets } as const;
    return { ...names, attempt: 1, result: { ...names, ...end, ...result } };
  }
  const close = (input: StepInput<'close'>) => runStep('close', steps.close, { input, app: world.app });

  it('tells how long it took, which attempt it was, and what is not served', async () => {
    const input = await closing({ outcome: 'partly-deployed', outcomeReason: 'targets-unverified' });
    expect(measured(closeMetrics('close', input, await close(input)))).toEqual({
      'renewal.duration': [{ value: 90.5, outcome: 'partly-deployed' }],
      attempts: [{ value: 3, outcome: 'partly-deployed' }],
      failures: [{ value: 1, outcome: 'partly-deployed', reason: 'targets-unverified' }],
      'targets.unverified': [{ value: 1, vault: 'kv-web', certificate: 'shop' }],
    });
  });

  it.each(['renewed', 'not-needed', 'cancelled'] as const)('is no failure when it is %s', async (outcome) => {
    const input = await closing({ outcome, targets: [] });
    const known = measured(closeMetrics('close', input, await close(input)));
    expect(Object.keys(known)).toEqual(['renewal.duration', 'attempts']);
  });

  it('is counted once, however often its last step runs', async () => {
    const input = await closing({ outcome: 'failed', outcomeReason: 'step-failed' });
    await close(input);
    expect(closeMetrics('close', input, await close(input))).toEqual([]);
  });

  it('is told of by no other step', async () => {
    const input = await closing({});
    expect(closeMetrics('merge', input, { state: 'done', value: { seconds: 1, attempts: 1 } })).toEqual([]);
    expect(closeMetrics('close', input, { state: 'again', code: 'storage-unreachable', detail: '' })).toEqual([]);
  });
});

describe('a sweep', () => {
  async function swept() {
    const expiries: Expiry[] = [];
    const credentials: CredentialExpiry[] = [];
    const report = await sweep(
      world.app,
      (expiry) => void expiries.push(expiry),
      (credential) => void credentials.push(credential),
    );
    return measured(sweepMetrics(report, { expiries, credentials }, world.clock.now()));
  }

  it('tells the days that every certificate has left, without asking the vault for more', async () => {
    world = await createWorld({ leftDays: 60 });
    const other = await createWorld({ leftDays: 60 });
    await sweep(other.app);
    expect((await swept()).days_to_expiry).toEqual([{ value: 60, vault: 'kv-web', certificate: 'shop' }]);
    expect(world.vault.calls).toEqual(other.vault.calls);
  });

  it('tells the days that every credential of an issuer has left', async () => {
    const credential = 'https://kv-web.vault.azure.net/certificates/ca';
    expect(await swept()).not.toHaveProperty(['credential.days_to_expiry']);
    world = await createWorld();
    const expiresAt = new Date(NOW.getTime() + 40 * 86_400_000).toISOString();
    world.credentials.set(credential, { enabled: true, expiresAt });
    expect((await swept())['credential.days_to_expiry']).toEqual([{ value: 40, issuer: 'internal', credential }]);
  });

  it('tells which issuers are held back', async () => {
    const row = { code: 'issuer-throttled', since: NOW.toISOString(), rests: 0, at: NOW.toISOString() } as const;
    expect(measured(await gauges(world.app))).not.toHaveProperty(['issuers.held_back']);
    const until = new Date(NOW.getTime() + 60_000).toISOString();
    await world.app.rows.save('breaker', 'internal', { ...row, until });
    expect(measured(await gauges(world.app))['issuers.held_back']).toEqual([{ value: 1, issuer: 'internal' }]);
    world.clock.advance(60_000);
    expect(measured(await gauges(world.app))).not.toHaveProperty(['issuers.held_back']);
  });

  it('tells of no certificate that the estate file has not', async () => {
    world.vault.set('stray', world.vault.get('shop'));
    const { days_to_expiry, certificates } = await swept();
    expect(days_to_expiry).toMatchObject([{ certificate: 'shop' }]);
    expect(certificates).toContainEqual({ value: 1, state: 'unowned' });
  });

  it('tells nothing while another app holds the lease', () => {
    const nothing = {
      started: [],
      running: [],
      unreachable: [],
      unowned: [],
      orphans: [],
      overdue: [],
      expired: [],
      openOrders: [],
      ...{ unanswered: [], credentials: [] },
    };
    const refused = [{ certificate: '*', reason: 'another-app' }];
    expect(
      sweepMetrics({ looked: 0, waiting: 0, queued: 0, ...nothing, refused }, { expiries: [], credentials: [] }, NOW),
    ).toEqual([]);
  });
});

describe('a renewal that is closed from its records', () => {
  it('is counted by whoever finds it, once', async () => {
    const closed: LogLine[] = [];
    const app = { ...world.app, onClosed: (row: CertificateRow) => void closed.push(...closedRowMetrics(row)) };
    const request = { vault: 'kv-web', certificate: 'shop', reason: 'sweep', force: false } as const;
    await startRenewal(request, app);
    const [id = '', instance] = [...world.instances][0] ?? [];
    if (instance === undefined) throw new TypeError('nothing was started');
    world.instances.set(id, { ...instance, state: 'finished', runtimeStatus: 'Terminated' });
    await startRenewal(request, app);
    await startRenewal(request, app);
    expect(closed.map(({ points }) => points)).toEqual([[{ value: 1, outcome: 'failed', reason: 'step-failed' }]]);
  });

  it('is no failure when it had served', () => {
    const row = certificateRow('shop', { lastOutcome: 'renewed', lastReason: 'served' });
    expect(closedRowMetrics(row)).toEqual([]);
    expect(closedRowMetrics(certificateRow('shop'))).toEqual([]);
  });
});

describe('the gauges', () => {
  it('tell what runs and what waits, and no age of what never was', async () => {
    for (const [name, more] of Object.entries({
      a: { state: 'renewing' as const, renewalId: 'a' },
      b: { queuedAt: NOW.toISOString() },
      c: {},
    }))
      await world.app.store.saveCertificate(certificateRow(name, { vault: 'kv-web', ...more }));
    expect(measured(await gauges(world.app))).toEqual({
      'renewals.in_flight': [{ value: 1 }],
      'renewals.queued': [{ value: 1 }],
    });
  });

  it('tell how old the last sweep and the last heartbeat are', async () => {
    await sweep(world.app);
    const completedAt = NOW.toISOString();
    await world.app.rows.save('heartbeat', 'only', { period: '1200', startedAt: completedAt, completedAt });
    world.clock.advance(900_000);
    await startHeartbeat(world.app);
    expect(measured(await gauges(world.app))).toMatchObject({
      'sweep.age': [{ value: 900 }],
      'heartbeat.age': [{ value: 900 }],
    });
  });

  it('tell nothing while another app holds the lease', async () => {
    const lease = { hold: async () => ({ state: 'elsewhere', owner: 'other', expiresAt: NOW.toISOString() }) as const };
    expect(await gauges({ ...world.app, lease })).toEqual([]);
  });
});
