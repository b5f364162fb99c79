import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../local/clock.ts';
import { eventType, textField } from '../../local/host/engine/history.ts';
import { type Host, startHost } from '../../local/host/host.ts';
import { createAppClient } from '../../local/stand/app-client.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { type Stand, startStand } from '../../local/stand/stand.ts';
import { stories } from './stand-bench.ts';

const HOUR = 3_600_000;
const MOVES = 200;

let folder: string;
let stand: Stand;
let host: Host;
const clock = new ManualClock(new Date());
const warnings: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'versions-'));
  stand = await startStand({
    ...{ seed: 31, basePort: 0, directory: join(folder, 'stand'), clock },
    scenarios: stories('near-expiry', 'dropped-event', 'expired'),
  });
  await pack('1.0');
  await pack('3.0');
});
afterAll(async () => {
  await host?.stop();
  await stand?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The folder of an app whose host.json says that version, and whose orchestrators know the order of every one. */
async function pack(version: '1.0' | '3.0'): Promise<void> {
  const app = join(folder, version);
  const input = { functions: resolve('test/e2e/version-three/functions.ts') };
  const build = await rolldown({ input, platform: 'node', external: ['@azure/functions-core'], logLevel: 'warn' });
  const output = { dir: app, format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false } as const;
  await build.write(output);
  await build.close();
  const ours = '"defaultVersion": "2.0"';
  const hostFile = (await readFile('host.json', 'utf8')).replace(ours, `"defaultVersion": "${version}"`);
  expect(hostFile).not.toContain(ours);
  await writeFile(join(app, 'host.json'), hostFile);
  await writeFile(join(app, 'package.json'), JSON.stringify({ main: 'functions.cjs' }));
}

/** Stops the app that runs and starts that of `version` on the same store, as a deployment does. */
async function deploy(version: '1.0' | '2.0' | '3.0'): Promise<void> {
  await host?.stop();
  const directory = join(folder, 'host');
  await mkdir(directory, { recursive: true });
  host = await startHost({
    appDirectory: version === '2.0' ? resolve('.') : join(folder, version),
    port: 0,
    clock,
    directory,
    settingsFile: join(folder, 'settings.json'),
    workerEntry: resolve('dist/local/worker.mjs'),
    log: ({ level, message }) => void (level === 'warning' && warnings.push(message)),
    settings: stand.settings,
  });
}

/** Holds every renewal back at the CA, which is throttled until it is told otherwise. */
function throttleCa(): () => void {
  const ca = stand.cloud.vault(stand.estate.caVaultName);
  const { handle } = ca;
  const headers = { 'retry-after': '60', 'content-type': 'application/json' };
  ca.handle = async (request) =>
    request.url.pathname.endsWith('/sign') ? { status: 429, headers, body: '{}' } : handle(request);
  return () => {
    ca.handle = handle;
  };
}

async function renew(key: Seeded['key']): Promise<string> {
  const seeded = stand.estate.certificates.find((one) => one.key === key);
  const request = { vault: seeded?.vaultName ?? '', certificate: seeded?.name ?? '', force: true };
  const { status, body } = await createAppClient(host.url, host.keys).renew(request);
  expect(status).toBe(202);
  return String(body.id);
}

/** Moves the clock from one due moment to the next until the renewal has ended. */
async function ended(id: string) {
  for (let move = 0; move < MOVES; move++) {
    await host.idle();
    const found = await host.hub.status(id);
    if (found?.runtimeStatus === 'Completed') return found;
    const next = clock.next();
    if (next === undefined) break;
    clock.advance(Math.max(0, next.getTime() - clock.now().getTime()));
  }
  throw new TypeError(`${id} has not ended: ${JSON.stringify(await host.hub.status(id))}`);
}

/** The steps that an instance has called, and its children, each with its version. */
async function lifeOf(id: string) {
  const history = (await host.hub.history(id)) ?? [];
  const steps = history
    .filter(({ EventType }) => EventType === eventType.taskScheduled)
    .map((event) => textField(event, 'Name'));
  const children: { readonly version: string | undefined; readonly steps: readonly string[] }[] = [];
  for (const event of history.filter(({ EventType }) => EventType === eventType.subOrchestrationCreated)) {
    const child = await host.hub.status(textField(event, 'InstanceId'));
    const life = await lifeOf(textField(event, 'InstanceId'));
    children.push({ version: child?.version, steps: life.steps }, ...life.children);
  }
  return { steps, children };
}

describe('a later version of the orchestrations', () => {
  let held: string;

  it('lets a renewal of the first one go on in its old order, children included, beside a new one', async () => {
    await deploy('1.0');
    const release = throttleCa();
    const old = await renew('near-expiry');
    await host.idle();
    expect(await host.hub.status(old)).toMatchObject({ runtimeStatus: 'Running', version: '1.0' });
    await deploy('2.0');
    release();
    const newer = await renew('dropped-event');
    expect(await ended(newer)).toMatchObject({
      version: '2.0',
      output: { outcome: 'renewed', outcomeReason: 'served' },
    });
    expect(await ended(old)).toMatchObject({ version: '1.0', output: { outcome: 'renewed', outcomeReason: 'served' } });
    const [oldLife, newLife] = [await lifeOf(old), await lifeOf(newer)];
    expect(oldLife.children).toMatchObject([
      { version: '1.0', steps: [] },
      { version: '1.0', steps: ['probe', 'deploy', 'probe', 'targetClosed'] },
    ]);
    expect(newLife.children).toMatchObject([
      { version: '2.0', steps: ['readGroup'] },
      { version: '2.0', steps: ['probe', 'deploy', 'probe', 'targetClosed'] },
    ]);
  });

  it('is left alone by an app of the one before it that is put back', async () => {
    await deploy('3.0');
    const release = throttleCa();
    held = await renew('expired');
    await host.idle();
    const before = await host.hub.history(held);
    await deploy('2.0');
    release();
    clock.advance(HOUR);
    await host.idle();
    expect(await host.hub.status(held)).toMatchObject({ runtimeStatus: 'Running', version: '3.0' });
    expect(await host.hub.history(held)).toEqual(before);
    expect(warnings).toContainEqual(expect.stringMatching(`instance ${held} waits for another host: .*'3.0'`));
  });

  it('goes on once its own app is back', async () => {
    await deploy('3.0');
    expect(await ended(held)).toMatchObject({
      version: '3.0',
      output: { outcome: 'renewed', outcomeReason: 'served' },
    });
    const life = await lifeOf(held);
    expect(life.steps.slice(0, 3)).toEqual(['gate', 'inspect', 'gate']);
    expect(life.children.at(-1)).toMatchObject({
      version: '3.0',
      steps: ['gate', 'probe', 'deploy', 'probe', 'targetClosed'],
    });
  });
});
