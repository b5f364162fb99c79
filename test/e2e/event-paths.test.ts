import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Seeded } from '../../local/stand/scenarios.ts';
import type { Health } from '../../src/api/health.ts';
import type { EstateUses } from '../../src/targets/discovery/report.ts';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

const HOUR = 3_600_000;
const NEAR = 'Microsoft.KeyVault.CertificateNearExpiry';

let bench: StandBench;
let seeded: Seeded;
beforeAll(async () => {
  bench = await openStandBench({ seed: 71, scenarios: stories('near-expiry') });
  seeded = bench.seeded('near-expiry');
});
afterAll(() => bench?.close());

async function get(path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${bench.host.url}${path}`, {
    headers: { 'x-functions-key': bench.host.keys.function },
  });
  return { status: response.status, body: await response.json() };
}

/** What health says of the vault of our certificate. */
async function pathNow() {
  const { status, body } = await get('/api/health');
  const { eventPaths, problems } = body as Health;
  return { status, problems, ...eventPaths, path: eventPaths.paths.find(({ vault }) => vault === seeded.vaultName) };
}

/** Half a day goes by, and the timer has run in it. */
async function halfADayLater(): Promise<void> {
  const before = (await pathNow()).completedAt;
  bench.clock.advance(13 * HOUR);
  await bench.until(async () => ((await pathNow()).completedAt !== before ? true : undefined));
}

const lines = (message: string) =>
  bench.log.filter((line) => line.category === 'user' && line.message.startsWith(`{"message":"${message}"`));

describe('the event path of a vault', () => {
  let restore = (): void => undefined;

  it('is watched from the first look on', async () => {
    expect(await pathNow()).toMatchObject({ state: 'none', problems: expect.arrayContaining(['event-paths-none']) });
    // A version that is older than the watch raises no event for certain: this one is made under it.
    await bench.app.runNow('checkEventPaths');
    await bench.until(async () => ((await pathNow()).state === 'looked' ? true : undefined));
    expect(await bench.ended(await bench.renew(seeded))).toMatchObject({ outcome: 'renewed' });
    await halfADayLater();
    expect(await pathNow()).toMatchObject({ path: { state: 'untested', lastAt: expect.any(String) } });
  });

  it('is dead when nothing arrives of what the vault announced, and that makes no app unhealthy', async () => {
    restore = bench.stand.cloud.events.drop(() => true);
    bench.stand.cloud.vault(seeded.vaultName).announce(seeded.name, NEAR);
    await halfADayLater();
    const { status, problems, state, path } = await pathNow();
    expect(path).toMatchObject({ state: 'dead', certificate: seeded.name });
    expect([status, state]).toEqual([200, 'looked']);
    expect(problems).toContain('event-path-dead');
    expect(lines('event path dead').at(-1)?.message).toContain(`"vault":"${seeded.vaultName}"`);
    expect(lines('event paths checked').at(-1)?.message).toContain(`"dead":["${seeded.vaultName}"]`);
  });

  it('is not known while the log cannot be read, and what was dead is not forgotten', async () => {
    const give = bench.stand.cloud.removeRole('log-reader');
    await halfADayLater();
    const { problems, state, code, path } = await pathNow();
    expect([state, code, path?.state]).toEqual(['failed', 'log-forbidden', 'dead']);
    expect(problems).toEqual(expect.arrayContaining(['event-path-dead', 'event-paths-unknown']));
    give();
  });

  it('lives again once an event arrives', async () => {
    restore();
    bench.stand.cloud.vault(seeded.vaultName).announce(seeded.name, NEAR);
    await bench.until(async () => (bench.stand.cloud.events.waiting() === 0 ? true : undefined));
    await halfADayLater();
    const { problems, path } = await pathNow();
    expect(path).toMatchObject({ state: 'heard', certificate: seeded.name });
    expect(problems).not.toContain('event-path-dead');
    expect(lines('event paths checked').at(-1)?.message).toContain('"dead":[]');
  });
});

describe('the readers of a certificate', () => {
  const path = () => `/api/certificates/${seeded.vaultName}/${seeded.name}/readers`;

  it('are whoever read its secret: App Service, and never the app', async () => {
    const { appService, renewer } = bench.stand.cloud.principals;
    const { status, body } = await get(`${path()}?days=90`);
    expect(status).toBe(200);
    const { readers } = body as { readers: readonly { objectId: string; reads: number }[] };
    expect(readers.map(({ objectId }) => objectId)).toContain(appService.id);
    expect(readers.map(({ objectId }) => objectId)).not.toContain(renewer.id);
    expect(body).toMatchObject({ certificate: seeded.name, truncated: false, logged: { from: expect.any(String) } });
  });

  it.each([
    ['/api/certificates/contoso-none/shop/readers', 404],
    ['/api/certificates/x%22/shop/readers', 422],
  ])('are not told for %s', async (wrong, status) => {
    expect((await get(wrong)).status).toBe(status);
    expect((await get(`${path()}?days=91`)).status).toBe(422);
  });

  it('are told to nobody without the key', async () => {
    expect((await fetch(`${bench.host.url}${path()}`)).status).toBe(401);
  });
});

describe('the uses of a certificate', () => {
  it('are looked for by the sweep: its target explains the one that there is', async () => {
    // One call in twenty fails in passing: the next sweep sees what this one could not.
    const whole = await bench.until(async () => {
      await bench.app.runNow('sweep');
      const answer = await get('/api/uses');
      return answer.status === 200 && (answer.body as EstateUses).problems.length === 0 ? answer : undefined;
    });
    expect(lines('uses looked at').at(-1)?.message).toContain('"state":"looked"');
    const { status, body } = await get(`/api/certificates/${seeded.vaultName}/${seeded.name}/uses`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ certificate: seeded.name, moreUses: 0, stale: [], unexplainedReaders: [] },
      uses: [{ kind: 'app-service', state: 'explained', reference: 'versionless', host: seeded.hostNames[0] }],
    });
    expect(whole).toMatchObject({ status: 200, body: { state: 'looked', unseen: [], problems: [], audit: 'read' } });
  });
});
