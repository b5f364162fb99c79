import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import { type Host, type HostLogLine, startHost } from '../../local/host/host.ts';
import { problemDocument } from '../../src/api/problems.ts';
import { steps } from '../../src/renewal/steps/table.ts';

const HOUR = 3_600_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'misconfigured-'));
  await writeFile(join(folder, 'settings.json'), JSON.stringify({ Values: { FUNCTIONS_WORKER_RUNTIME: 'node' } }));
  await writeFile(join(folder, 'estate.yaml'), mistaken);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** One mistake a line. */
const mistaken = `schema: 2
vaults:
  - { name: kv, uri: "http://kv.vault.azure.net" }
plans:
  web: { issuer: nobody, owner: a@b.example, colour: green }
certificates:
  - { vault: kv, name: "not a name", plan: other }
`;

const cases = [
  {
    what: 'settings are missing',
    settings: {},
    code: 'settings-invalid',
    named: ['PERENNIAL_ESTATE', 'PERENNIAL_TABLE_ENDPOINT', 'PERENNIAL_BLOB_ENDPOINT'],
    problems: 2,
  },
  {
    what: 'settings are wrong',
    settings: {
      PERENNIAL_ESTATE: 'http://plain.example/estate.yaml',
      PERENNIAL_STORAGE_CONNECTION: 'UseDevelopmentStorage=true',
      PERENNIAL_SWEEP_SCHEDULE: 'now and then',
      PERENNIAL_TYPO: 'x',
    },
    code: 'settings-invalid',
    named: ['PERENNIAL_ESTATE', 'PERENNIAL_SWEEP_SCHEDULE', 'PERENNIAL_TYPO'],
    problems: 3,
  },
  {
    what: 'the estate file is not there',
    settings: { PERENNIAL_ESTATE: 'no/such/estate.yaml', PERENNIAL_STORAGE_CONNECTION: 'UseDevelopmentStorage=true' },
    code: 'estate-invalid',
    named: ['no/such/estate.yaml'],
    problems: 1,
  },
  {
    what: 'the estate file has mistakes',
    settings: { PERENNIAL_ESTATE: 'MISTAKEN', PERENNIAL_STORAGE_CONNECTION: 'UseDevelopmentStorage=true' },
    code: 'estate-invalid',
    named: ['line 1,', 'line 3,', 'line 5,', 'line 7,', 'colour'],
    problems: 10,
  },
] as const;

describe.each(cases)('when $what', ({ settings, code, named, problems }) => {
  const clock = new ManualClock(new Date());
  const log: HostLogLine[] = [];
  let host: Host;
  beforeAll(async () => {
    const estate = 'PERENNIAL_ESTATE' in settings && settings.PERENNIAL_ESTATE === 'MISTAKEN';
    host = await startHost({
      appDirectory: resolve('.'),
      port: 0,
      clock,
      settingsFile: join(folder, 'settings.json'),
      settings: { ...settings, ...(estate && { PERENNIAL_ESTATE: join(folder, 'estate.yaml') }) },
      workerEntry: resolve('dist/local/worker.mjs'),
      log: (line) => void log.push(line),
    });
  });
  afterAll(() => host.stop());

  it.each([
    ['GET', '/api/renewals', undefined],
    ['POST', '/api/renewals', '{"vault":"kv","certificate":"shop"}'],
    ['GET', '/api/renewals/some-id', undefined],
    ['POST', '/api/renewals/some-id/cancel', undefined],
    ['POST', '/api/renewals/some-id/resume', undefined],
    ['GET', '/api/sweep', undefined],
    ['GET', '/api/certificates/kv/shop/readers', undefined],
    ['GET', '/api/certificates/kv/shop/uses', undefined],
    ['GET', '/api/uses', undefined],
    ['POST', '/api/certificates/kv/shop/revoke', '{"reason":"superseded"}'],
    ['GET', '/api/openapi.json', undefined],
    ['GET', '/api/orders', undefined],
    ['GET', '/api/orders/some-order/csr', undefined],
    ['POST', '/api/orders/some-order/chain', 'a chain'],
    ['POST', '/api/orders/some-order/reject', '{"reason":"no"}'],
    ['POST', '/api/callbacks/some-order', '{}'],
    ['POST', '/api/relay/internal/requests', '{}'],
    ['POST', '/api/relay/internal/answers', '{}'],
  ])('%s %s answers with 503, the reason, and nothing of the inside', async (method, path, body) => {
    const headers = { 'x-functions-key': host.keys.function, 'content-type': 'application/json' };
    const answer = await fetch(`${host.url}${path}`, { method, headers, ...(body !== undefined && { body }) });
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
    expect(JSON.parse(text)).toMatchObject({ status: 503, code, detail: 'The log of the app says more.' });
    expect(text).not.toContain(folder);
  });

  it('GET /api/health answers with 503 and names everything that is to be mended', async () => {
    const headers = { 'x-functions-key': host.keys.function };
    const answer = await fetch(`${host.url}/api/health`, { headers });
    const body = problemDocument.parse(await answer.json());
    expect([answer.status, body]).toEqual([503, expect.objectContaining({ status: 503, code })]);
    for (const name of named) expect(body.problems?.join('\n')).toContain(name);
    expect(body.problems?.length).toBe(problems);
    const stranger = await fetch(`${host.url}/api/health`);
    expect([stranger.status, await stranger.text()]).toEqual([401, '']);
  });

  it('the log names everything that is to be mended', () => {
    const said = log.filter(({ level }) => level === 'error').map(({ message }) => message);
    for (const name of named) expect(said.join('\n')).toContain(name);
  });

  it('an event is not lost: it is refused with 500 and will come again', async () => {
    const event = { id: '1', eventType: 'Microsoft.KeyVault.CertificateNearExpiry', data: {}, subject: 'shop' };
    const answer = await fetch(
      `${host.url}/runtime/webhooks/eventgrid?functionName=certificateEvent&code=${host.keys.systemEventGrid}`,
      { method: 'POST', headers: { 'aeg-event-type': 'Notification' }, body: JSON.stringify([event]) },
    );
    expect([answer.status, await answer.text()]).toEqual([500, '']);
  });

  it('every timer fails once when it is due, not again and again, and starts nothing', async () => {
    const timers = host.functions.filter(({ trigger }) => trigger.type === 'timerTrigger').map(({ name }) => name);
    expect(timers.toSorted()).toEqual(['checkEventPaths', 'publishCrls', 'startHeartbeat', 'sweep', 'watchdog']);
    const before = log.length;
    clock.advance(6 * HOUR);
    await host.idle();
    const failed = log.slice(before).filter(({ level }) => level === 'error');
    for (const name of timers) expect(failed.filter(({ functionName }) => functionName === name)).toHaveLength(1);
    expect((await host.hub.list({})).instances).toEqual([]);
  });

  it('a heartbeat that was started before fails, and no activity does anything', async () => {
    const activities = host.functions.filter(({ trigger }) => trigger.type === 'activityTrigger');
    expect(activities.map(({ name }) => name).toSorted()).toEqual(['beat', ...Object.keys(steps)].toSorted());
    await host.hub.start({ name: 'heartbeat', instanceId: 'heartbeat', input: '{"period":"0915","startedAt":""}' });
    await host.idle();
    const status = await host.hub.status('heartbeat');
    expect(status?.runtimeStatus).toBe('Failed');
    expect(JSON.stringify(status?.output)).toContain('RenewalError');
  });

  it('a renewal that was started before waits until it is mended', async () => {
    const input = JSON.stringify({ ...asks, renewalId: 'shop-1' });
    await host.hub.start({ name: 'renewCertificate', instanceId: 'shop-1', input, version: '1.0' });
    await host.idle();
    const status = await host.hub.status('shop-1');
    expect([status?.runtimeStatus, status?.customStatus]).toEqual([
      'Running',
      expect.objectContaining({ stage: 'inspect', waitingFor: code }),
    ]);
    clock.advance(10_000);
    await host.idle();
    expect((await host.hub.status('shop-1'))?.runtimeStatus).toBe('Running');
  });

  it('no trigger is left out here', () => {
    const others = host.functions.filter(
      ({ trigger }) => !/^(?:timer|activity|orchestration|entity)Trigger$/.test(trigger.type),
    );
    expect(others.map(({ name }) => name).toSorted()).toEqual(asked);
  });
});

const asks = { vault: 'kv', certificate: 'shop', reason: 'manual', force: false };

/** What is asked above over HTTP, or by an event. The queue's function is registered by its setting, and does what `certificateEvent` does. */
const asked = [
  'cancelRenewal',
  'certificateEvent',
  'certificateReaders',
  'certificateUses',
  'getCsr',
  'getRenewal',
  'health',
  'lastSweep',
  'listOrders',
  'listRenewals',
  'listUses',
  'openApi',
  'orderCallback',
  'rejectOrder',
  'resumeRenewal',
  'revokeCertificate',
  'startRenewal',
  'uploadChain',
  'workerAnswer',
  'workerCall',
];
