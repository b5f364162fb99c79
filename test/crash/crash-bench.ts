import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Emulator } from '../../local/emulator.ts';
import { type AppClient, createAppClient } from '../../local/stand/app-client.ts';
import { type AppProcess, type AppProcessOptions, startApp } from '../../local/stand/app-process.ts';
import type { Scenario } from '../../local/stand/scenarios.ts';
import { byConnection, writeSettings } from '../../local/stand/settings-file.ts';
import { type Stand, startStand } from '../../local/stand/stand.ts';
import { type TimeLapse, timeLapse } from '../../local/time-lapse.ts';
import { childrenOf, isAlive } from '../e2e/program.ts';
import { type StandView, stories, viewOf } from '../e2e/stand-bench.ts';
import { openStorageDoor, type StorageDoor } from './storage-door.ts';
import { createTraps, NobodyListensError, type Traps } from './traps.ts';

/** The whole stand, with the app on its host in processes of its own, where every call of the app can be stopped. */
export interface CrashBench {
  readonly stand: Stand;
  readonly view: StandView;
  readonly storage: StorageDoor;
  readonly traps: Traps;
  /** The app as it runs now. */
  readonly app: RunningApp;
  /** The folder of host and store. */
  readonly directory: string;
  close(): Promise<void>;
}

/** One host with its worker, which can be killed and started again on its folder and its port. */
export interface RunningApp {
  readonly client: AppClient;
  readonly hostPid: number;
  /** The worker that runs now; 0 while there is none. */
  workerPid(): number;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** What the host has said, newest last. */
  readonly log: readonly string[];
}

export interface CrashBenchOptions {
  readonly seed: number;
  /** How many certificates there are: each row of a table needs one of its own. Or the stories that they have. */
  readonly certificates: number | readonly Scenario[];
  /** Of the stand, the host and the app alike; absent: they live in real time. */
  readonly lapse?: TimeLapse;
  /** Where the host and the storage keep what they must not lose; absent: folders of the bench's own. */
  readonly hostDirectory?: string;
  readonly storageDirectory?: string;
}

export async function openCrashBench(options: CrashBenchOptions): Promise<CrashBench> {
  const { seed, certificates, lapse, ...places } = options;
  const folder = await mkdtemp(join(tmpdir(), 'crash-'));
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const traps = createTraps();
    const storage = await openStorageDoor(places.storageDirectory ?? join(folder, 'storage'), traps);
    closers.push(() => storage.stop());
    const stand = await startStand({
      ...{ seed, basePort: 0, directory: join(folder, 'stand') },
      ...(lapse && { clock: timeLapse(lapse) }),
      scenarios: typeof certificates === 'number' ? healthy(certificates) : certificates,
      startStorage: async () => storage,
      before: (emulator, name) => watched(emulator, name, traps),
    });
    closers.push(() => stand.stop());
    const directory = places.hostDirectory ?? join(folder, 'host');
    const app = await openApp(stand, { directory, settings: join(folder, 'settings.json'), ...(lapse && { lapse }) });
    closers.push(() => app.stop());
    return { stand, view: viewOf(stand), storage, traps, app, directory, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Not due, so that nothing but a row renews them; with keys of the kind that is quickly made. */
function healthy(count: number): readonly Scenario[] {
  return stories('healthy').flatMap((story) => Array.from({ length: count }, () => story));
}

const callee = (name: string): string => (name.startsWith('kv-') ? (name.endsWith('-ca') ? 'ca' : 'vault') : name);

/** Tokens are none of the renewal's calls. */
function watched(emulator: Emulator, name: string, traps: Traps): Emulator {
  if (name === 'identity' || name === 'events') return emulator;
  return {
    async handle(request) {
      const { method, url, body } = request;
      const call = {
        of: callee(name),
        method,
        path: decodeURIComponent(url.pathname),
        body: Buffer.from(body).toString(),
      };
      try {
        return await traps.pass(call, () => emulator.handle(request));
      } catch (error) {
        if (!(error instanceof NobodyListensError)) throw error;
        return { status: 503, headers: { connection: 'close' } };
      }
    },
  };
}

/** Timers in the midst of a row would write to what the row is about: they run once a year. */
const quiet = Object.fromEntries(
  ['SWEEP', 'WATCHDOG', 'HEARTBEAT'].map((timer) => [`PERENNIAL_${timer}_SCHEDULE`, '0 0 0 1 1 *']),
);

/** Starts the app on `directory`, under `name` if there is one: it owns the lease. The settings are the stand's. */
export async function openApp(
  { settings, connectionString }: Pick<Stand, 'settings' | 'connectionString'>,
  places: Pick<AppProcessOptions, 'directory' | 'settings' | 'lapse'> & { readonly name?: string },
): Promise<RunningApp> {
  const { name } = places;
  // Each call is to meet its trap as the app makes it: no front of the stand between.
  const storage = byConnection(connectionString);
  const own = { ...quiet, ...(name && { PERENNIAL_APP_NAME: name }) };
  await writeSettings({ ...settings, ...storage, ...own }, places.settings);
  const log: string[] = [];
  const launch = (port: number): Promise<AppProcess> =>
    startApp(
      { app: resolve('.'), port, ...places, onLog: (line) => void log.push(line) },
      resolve('dist/local/host.mjs'),
    );
  let running = await launch(0);
  let client = createAppClient(running.url, running.keys);
  return {
    log,
    get client() {
      return client;
    },
    get hostPid() {
      return running.pid;
    },
    workerPid: () => childrenOf(running.pid).find(isAlive) ?? 0,
    async start() {
      running = await launch(Number(new URL(running.url).port));
      client = createAppClient(running.url, running.keys);
    },
    stop: () => running.stop(),
  };
}
