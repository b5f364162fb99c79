import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { EmulatorRequest } from '../../local/emulator.ts';
import { createAppClient } from '../../local/stand/app-client.ts';
import { type AppProcess, startApp } from '../../local/stand/app-process.ts';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { writeSettings } from '../../local/stand/settings-file.ts';
import { type Stand, startStand } from '../../local/stand/stand.ts';
import { isAlive } from './program.ts';
import { openStandBench, type StandBench, type StandView, stories, viewOf } from './stand-bench.ts';

/** A moment, as a call that the app makes: before the vault has seen it, or when it was done and nobody has heard. */
interface Moment {
  readonly when: 'before' | 'after';
  readonly vault: (stand: Stand, seeded: Seeded) => string;
  readonly isIt: (request: EmulatorRequest, seeded: Seeded) => boolean;
}

const own = (_stand: Stand, { vaultName }: Seeded): string => vaultName;
const moments: readonly (readonly [string, Seeded['key'], Moment])[] = [
  [
    'while it inspects',
    'near-expiry',
    {
      when: 'before',
      vault: own,
      isIt: ({ method, url }, { name }) => method === 'GET' && url.pathname.includes(name),
    },
  ],
  ['after the request', 'many-events', { when: 'after', vault: own, isIt: isCall('/create') }],
  [
    'after the issuer signed',
    'by-hand',
    { when: 'after', vault: ({ estate }) => estate.caVaultName, isIt: ({ url }) => url.pathname.endsWith('/sign') },
  ],
  ['before the merge', 'imported', { when: 'before', vault: own, isIt: isCall('/pending/merge') }],
  ['after the merge', 'expired', { when: 'after', vault: own, isIt: isCall('/pending/merge') }],
  [
    'during the deployment',
    'dropped-event',
    { when: 'after', vault: own, isIt: ({ url }, { name }) => url.pathname.startsWith(`/secrets/${name}/`) },
  ],
];

/** Two moments are enough for the host: its store and its worker end together. */
const deaths = moments.filter(([when]) => when === 'after the request' || when === 'before the merge');

function isCall(end: string): Moment['isIt'] {
  return ({ method, url }, { name }) => method === 'POST' && url.pathname === `/certificates/${name}${end}`;
}

/** Calls `strike` once, at the moment. Answers with whether it came. */
function strikeAt(stand: Stand, seeded: Seeded, { when, vault, isIt }: Moment, strike: () => void): () => boolean {
  const emulator = stand.cloud.vault(vault(stand, seeded));
  const { handle } = emulator;
  let struck = false;
  emulator.handle = async (request) => {
    const isMoment = !struck && isIt(request, seeded);
    if (!isMoment) return handle(request);
    struck = true;
    if (when === 'before') strike();
    // Killed before its call arrived, the app must not have had its effect either.
    const response = when === 'before' ? { status: 503, headers: {} } : await handle(request);
    if (when === 'after') strike();
    return response;
  };
  return () => struck;
}

async function isWhole(bench: StandView, seeded: Seeded, id: string) {
  expect(await bench.rowsOf('orders', seeded)).toMatchObject([{ renewalId: id, state: 'merged' }]);
  expect((await bench.rows('issuances')).filter(({ renewalId }) => renewalId === id)).toHaveLength(1);
  expect(bench.versions(seeded)).toBe(2);
  const chain = await bench.journal.read(id);
  const keys = chain.map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(chain.at(-1)).toMatchObject({ step: 'close', kind: 'intent', facts: { outcome: 'renewed' } });
}

describe('the worker killed with -9', () => {
  let bench: StandBench;
  beforeAll(async () => {
    bench = await openStandBench({ seed: 21, scenarios: stories(...moments.map(([, key]) => key)), events: false });
  });
  afterAll(() => bench.close());

  it.each(moments)(
    '%s: the host starts it again and the renewal of %s ends as if nothing had been',
    async (_when, key, moment) => {
      const seeded = bench.seeded(key);
      const before = bench.host.workerPid ?? 0;
      const struck = strikeAt(bench.stand, seeded, moment, () => void process.kill(before, 'SIGKILL'));
      const { vaultName: vault, name: certificate } = seeded;
      const id = await asked(() => bench.app.renew({ vault, certificate, force: true }));
      const view = await bench.ended(id);
      expect(struck()).toBe(true);
      expect(bench.host.workerPid).not.toBe(before);
      expect(view).toMatchObject({
        outcome: 'renewed',
        outcomeReason: 'served',
        newSha256: (await bench.stand.current(seeded)).sha256,
      });
      await isWhole(bench, seeded, id);
    },
  );
});

/** A person asks again when the app died under the first call. */
async function asked(ask: () => Promise<{ status: number; body: Record<string, unknown> }>): Promise<string> {
  for (let attempt = 0; attempt < 3; attempt++) {
    const { status, body } = await ask();
    if (status === 202) return String(body.id);
    expect(status).toBe(500);
  }
  throw new TypeError('the app did not answer');
}

describe('the host killed with -9', () => {
  let folder: string;
  let stand: Stand;
  let app: AppProcess;
  const start = (port: number): Promise<AppProcess> => {
    const places = { directory: join(folder, 'host'), settings: join(folder, 'settings.json') };
    return startApp({ app: resolve('.'), port, ...places }, resolve('dist/local/host.mjs'));
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crash-'));
    stand = await startStand({
      ...{ seed: 22, basePort: 0, directory: join(folder, 'stand') },
      scenarios: stories(...deaths.map(([, key]) => key)),
    });
    await writeSettings(stand.settings, join(folder, 'settings.json'));
    app = await start(0);
  });
  afterAll(async () => {
    await app?.stop();
    await stand?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(deaths)('%s: started again on its folder, it goes on with the renewal of %s', async (_when, key, moment) => {
    const view = viewOf(stand);
    const seeded = view.seeded(key);
    const { vaultName: vault, name: certificate } = seeded;
    const struck = strikeAt(stand, seeded, moment, () => void process.kill(app.pid, 'SIGKILL'));
    const client = createAppClient(app.url, app.keys);
    const id = await asked(() => client.renew({ vault, certificate, force: true }));
    await vi.waitFor(() => expect([struck(), isAlive(app.pid)]).toEqual([true, false]), { timeout: 10_000 });
    const { url, keys, pid } = app;
    app = await start(Number(new URL(url).port));
    expect(app.pid).not.toBe(pid);
    expect(app.keys).toEqual(keys);
    const renewal = await vi.waitFor(
      async () => {
        const found = await client.renewal(id);
        expect(found).toHaveProperty('outcome');
        return found;
      },
      { timeout: 30_000, interval: 200 },
    );
    expect(renewal).toMatchObject({ outcome: 'renewed', outcomeReason: 'served' });
    await isWhole(view, seeded, id);
  });
});
