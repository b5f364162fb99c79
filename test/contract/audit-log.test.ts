import { createHttpHeaders, type HttpClient } from '@azure/core-rest-pipeline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmulatorResponse, jsonResponse } from '../../local/emulator.ts';
import { createKeys, selfSign } from '../../local/pki.ts';
import { createLogAnalytics, type LogAnalyticsOptions } from '../../src/monitor/log-analytics.ts';
import type { AuditLog } from '../../src/monitor/port.ts';
import { type LogBench, openLogBench, WORKSPACE } from './log-analytics-bench.ts';

const DAY = 86_400_000;
let bench: LogBench;
let versionId: string;

function openLog(more: Partial<LogAnalyticsOptions> = {}): AuditLog {
  const { url, credential, caPem: ca, clock } = bench;
  return createLogAnalytics({
    ...{ endpoint: url.replace(/\/v1$/, ''), workspace: WORKSPACE, credential, clock },
    ...{ tls: { ca }, retryMilliseconds: 1, ...more },
  });
}
const window = () => ({ from: new Date(bench.clock.now().getTime() - DAY), to: bench.clock.now() });
const shop = () => ({ resourceId: bench.vault.resourceId, vault: bench.vault.uri, name: 'Shop' });

beforeAll(async () => {
  bench = await openLogBench();
  const keys = await createKeys('P-256');
  const validity = { notBefore: new Date('2026-01-01Z'), notAfter: new Date('2027-01-01Z') };
  const { der } = selfSign({ subject: 'CN=shop', ...validity }, keys);
  for (const name of ['shop', 'shop-two'])
    versionId = bench.vault.seed({ name, chain: [der], privateKey: keys.pkcs8Pem });
});
afterAll(() => bench.close());
afterEach(() => bench.setTrouble(undefined));

describe('the audit log in a workspace', () => {
  it('tells what was announced, the newest first', async () => {
    const { clock, vault } = bench;
    vault.announce('shop', 'Microsoft.KeyVault.CertificateNearExpiry');
    clock.advance(1000);
    const at = clock.now().toISOString();
    const event = vault.announce('shop-two', 'Microsoft.KeyVault.CertificateExpired');
    vault.announce('shop-two', 'Microsoft.KeyVault.CertificateNewVersionCreated');
    clock.advance(300_000);
    const found = await openLog().announcements(window());
    expect(found.map(({ certificate }) => certificate)).toEqual(['shop-two', 'shop']);
    expect(found[0]).toEqual({
      ...{ resourceId: vault.resourceId.toLowerCase(), at, certificate: 'shop-two', version: event?.version },
    });
    expect(versionId).toContain(event?.version);
    const earlier = { from: new Date(0), to: new Date(clock.now().getTime() - 3_600_000) };
    expect(await openLog().announcements(earlier)).toEqual([]);
  });

  it('tells who read one certificate, each address apart, and who else did not', async () => {
    const { clock, vault } = bench;
    clock.advance(2 * DAY);
    const firstAt = clock.now().toISOString();
    await bench.readSecret('shop');
    clock.advance(1000);
    const lastAt = clock.now().toISOString();
    await bench.readSecret('SHOP', versionId.slice(-32));
    await bench.readSecret('shop-two');
    await bench.readSecret('missing');
    clock.advance(300_000);
    const reader = { objectId: 'site-object', applicationId: 'site-client', address: '10.0.0.7' };
    const [found, ...others] = await openLog().readers(shop(), window(), 10);
    expect(others).toEqual([]);
    // The second read asked for a version of the other certificate, which there is not.
    expect(found).toMatchObject({ ...reader, firstAt });
    expect([firstAt, lastAt]).toContain(found?.lastAt);
    expect(await openLog().readers({ ...shop(), name: 'sho' }, window(), 10)).toEqual([]);
    expect(await openLog().readers({ ...shop(), resourceId: `${vault.resourceId}x` }, window(), 10)).toEqual([]);
    expect(await openLog().readers(shop(), window(), 0)).toEqual([]);
  });

  it('tells of which vaults anything is logged', async () => {
    const { clock, vault } = bench;
    clock.advance(2 * DAY);
    expect(await openLog().loggedVaults(window())).toEqual([]);
    const at = clock.now().toISOString();
    await bench.readSecret('shop');
    clock.advance(300_000);
    const logged = [{ resourceId: vault.resourceId.toLowerCase(), firstAt: at, lastAt: at }];
    expect(await openLog().loggedVaults(window())).toEqual(logged);
    expect(await openLog().loggedVaults(window(), vault.resourceId)).toEqual(logged);
    expect(await openLog().loggedVaults(window(), '/another')).toEqual([]);
  });
});

describe('a log that cannot be read', () => {
  const ask = (more?: Partial<LogAnalyticsOptions>) => openLog(more).announcements(window());
  /** Answers in turn, the last one again and again. Answers with how often it was asked. */
  function answers(...list: readonly (EmulatorResponse | Promise<never>)[]): () => number {
    let asked = 0;
    bench.setTrouble(() => list[Math.min(asked++, list.length - 1)] as EmulatorResponse);
    return () => asked;
  }
  const empty = { tables: [{ name: 'PrimaryResult', columns: [], rows: [] }] };

  it('for want of a role', async () => {
    bench.identity.revoke(bench.role);
    await expect(ask()).rejects.toMatchObject({
      code: 'log-forbidden',
      message: expect.stringMatching(/status=403, InsufficientAccessError: /),
    });
    bench.role = bench.grant();
    await expect(ask()).resolves.toBeDefined();
  });

  it('for want of the table', async () => {
    const { identity, reader } = bench;
    identity.revoke(bench.role);
    const place = 'Microsoft.OperationalInsights/workspaces';
    const workspace = identity.demands.find(({ action }) => action === `${place}/read`)?.scope ?? '';
    identity.assign(reader.id, { scope: workspace, actions: [`${place}/read`, `${place}/query/read`] });
    await expect(ask()).rejects.toMatchObject({
      code: 'log-refused',
      message: expect.stringMatching(/status=400, .*AZKVAuditLogs/),
    });
    bench.role = bench.grant();
  });

  it('for another workspace', async () => {
    const workspace = '0e9b7c52-3d3c-4f43-8a51-5f3f0a2f9d20';
    await expect(ask({ workspace })).rejects.toMatchObject({
      code: 'log-refused',
      message: expect.stringContaining(`workspace=${workspace}, status=404`),
    });
  });

  it('for a token that is refused, without telling the token', async () => {
    const token = await bench.tokenOf('https://vault.azure.net');
    const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const error = await ask({ credential }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'log-forbidden' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(token.slice(0, 20));
  });

  it('because it is slowed down, and says for how long', async () => {
    const asked = answers(jsonResponse(429, { error: { code: 'ThrottledError' } }, { 'retry-after': '27' }));
    await expect(ask()).rejects.toMatchObject({ code: 'log-throttled', retryAfterSeconds: 27 });
    expect(asked()).toBe(1);
  });

  it('in part: what came is thrown away', async () => {
    answers(jsonResponse(200, { ...empty, error: { code: 'PartialError', message: 'm', details: [] } }));
    await expect(ask()).rejects.toMatchObject({
      code: 'log-unreachable',
      message: expect.stringContaining('only a part of the answer came'),
    });
  });

  it('within the time limit', async () => {
    answers(new Promise<never>(() => undefined));
    await expect(ask({ callSeconds: 0.2 })).rejects.toMatchObject({
      code: 'log-unreachable',
      message: expect.stringContaining('no answer within the time limit'),
    });
  });

  it('for a moment only is asked again', async () => {
    const broken = jsonResponse(503, { error: { code: 'ServiceUnavailable', message: 'm' } });
    const asked = answers(broken, broken, jsonResponse(200, empty));
    await expect(ask()).resolves.toEqual([]);
    expect(asked()).toBe(3);
  });

  it.each([
    ['an error of its own', jsonResponse(500, { error: { code: 'InternalServerError', message: 'm' } })],
    ['a gateway', { status: 504, headers: { 'content-type': 'text/html' }, body: '<html>' }],
    ['no JSON', { status: 200, headers: { 'content-type': 'application/json' }, body: '<html>' }],
    ['nothing', jsonResponse(200, {})],
    ['a table of other columns', jsonResponse(200, { tables: [{ ...empty.tables[0], rows: [[1]] }] })],
    [
      'no times',
      jsonResponse(200, { tables: [{ name: 'P', columns: [{ name: 'at', type: 'string' }], rows: [['x']] }] }),
    ],
  ])('because of %s', async (_, answer) => {
    answers(answer);
    await expect(ask()).rejects.toMatchObject({ name: 'RenewalError', code: 'log-unreachable' });
  });

  it('elsewhere: a redirect is not followed', async () => {
    const asked = answers({ status: 307, headers: { location: `${bench.url}/elsewhere` } });
    await expect(ask()).rejects.toMatchObject({ code: 'log-refused', message: expect.stringContaining('status=307') });
    expect(asked()).toBe(1);
  });
});

it.each([
  ['https://api.loganalytics.azure.com', 'https://api.loganalytics.azure.com/.default'],
  ['https://api.loganalytics.us', 'https://api.loganalytics.us/.default'],
  ['https://localhost:4443', 'https://api.loganalytics.azure.com/.default'],
])('at %s a token for %s is shown, and nowhere else', async (endpoint, scope) => {
  const asked: unknown[] = [];
  const credential = {
    getToken: async (scopes: string | string[]) => {
      asked.push([scopes].flat());
      return { token: 't', expiresOnTimestamp: Date.now() + 3_600_000 };
    },
  };
  const httpClient: HttpClient = {
    async sendRequest(request) {
      asked.push(request.url, request.headers.get('authorization'));
      const bodyAsText = JSON.stringify({ tables: [{ name: 'PrimaryResult', columns: [], rows: [] }] });
      return { request, status: 200, headers: createHttpHeaders({ 'content-type': 'application/json' }), bodyAsText };
    },
  };
  await openLog({ endpoint, credential, httpClient }).announcements(window());
  expect(asked).toEqual([[scope], `${endpoint}/v1/workspaces/${WORKSPACE}/query`, 'Bearer t']);
});
