import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TableClient } from '@azure/data-tables';
import type { ArmLimits } from '../../local/arm/throttle.ts';
import { ManualClock } from '../../local/clock.ts';
import { tellTally } from '../../local/faults/background.ts';
import { type Host, type HostLogLine, type HostOptions, startHost } from '../../local/host/host.ts';
import { type AppClient, createAppClient } from '../../local/stand/app-client.ts';
import type { Before } from '../../local/stand/ground.ts';
import type { Role } from '../../local/stand/roles.ts';
import { scenarios as demo, type Scenario, type Seeded } from '../../local/stand/scenarios.ts';
import { type Stand, startStand } from '../../local/stand/stand.ts';
import { subscribeApp } from '../../local/stand/subscriptions.ts';
import { storageStatus } from '../../src/azure/storage-error.ts';
import { createStorage } from '../../src/estate/storage.ts';
import type { Journal } from '../../src/journal/port.ts';
import { createBlobJournal } from '../../src/journal/store.ts';

/** What a test sees of the stand and of the app's storage, past the app. */
export interface StandView {
  /** The app's journal, read as the app reads it: a broken chain throws. */
  readonly journal: Journal;
  /** The seeded certificate of that story. */
  seeded(key: Seeded['key']): Seeded;
  /** Everything of one of the app's tables. */
  rows(table: string): Promise<readonly Record<string, unknown>[]>;
  /** The rows of one certificate, among orders for instance. */
  rowsOf(table: string, seeded: Seeded): Promise<readonly Record<string, unknown>[]>;
  /** How many versions the vault holds of a certificate. */
  versions(seeded: Seeded): number;
}

/** The whole stand and the built app on the host, on a clock that a test moves. */
export interface StandBench extends StandView {
  readonly stand: Stand;
  readonly host: Host;
  readonly clock: ManualClock;
  readonly app: AppClient;
  readonly log: HostLogLine[];
  readonly folder: string;
  /** Asks for a renewal with force and answers with its id. */
  renew(seeded: Seeded): Promise<string>;
  /** Lets everything happen that is to happen, moving the clock from one due moment to the next, until `look` finds something. */
  until<T>(look: () => Promise<T | undefined>): Promise<T>;
  /** The renewal's view once it has ended. */
  ended(id: string): Promise<View>;
  close(): Promise<void>;
}

/** `GET /api/renewals/{id}`. */
export interface View {
  readonly id: string;
  readonly reason: string;
  readonly stage: string;
  readonly outcome?: string;
  readonly outcomeReason?: string;
  readonly detail?: string;
  readonly newSha256?: string;
  readonly verified?: string;
  readonly waitingFor?: string;
}

type Settings = Readonly<Record<string, string>>;

export interface BenchOptions {
  readonly seed?: number;
  /** The stories that the estate is made of; absent: those of the demo. */
  readonly scenarios?: readonly Scenario[];
  /** Called with the stand before the app starts. */
  readonly prepare?: (stand: Stand) => Promise<void> | void;
  /** Settings of the app in place of the stand's; an empty text takes one away. */
  readonly settings?: Settings | ((stand: Stand) => Settings);
  /** The app's roles; absent: those that are deployed. */
  readonly roles?: readonly Role[];
  /** Whether the app is subscribed to the vaults' events. */
  readonly events?: boolean;
  readonly host?: Partial<HostOptions>;
  /** Where it begins; absent: now. */
  readonly clock?: ManualClock;
  /** What stands before the emulators. */
  readonly before?: Before;
  /** What Resource Manager takes of one principal; absent: as much as Azure's. */
  readonly armLimits?: ArmLimits;
  /** Absent: the passing faults of a seed, as `PERENNIAL_TEST_FAULTS` says. */
  readonly faults?: 'off';
  /** The built preload of the app, for faults that happen in its process. */
  readonly preload?: string;
}

/** `PERENNIAL_TEST_FAULTS`: `off`, or the seed of the passing faults that every bench runs with. */
export function seedOfFaults(text = process.env.PERENNIAL_TEST_FAULTS ?? '1'): number | undefined {
  if (text === 'off') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new TypeError(`PERENNIAL_TEST_FAULTS=${text}: write a whole number, or off`);
  return Number(text);
}

/** The demo's stories of these keys: keys for a whole estate take their time. */
export function stories(...keys: readonly Scenario['key'][]): readonly Scenario[] {
  return demo.filter(({ key }) => keys.includes(key));
}

/** What was waited for did not come. */
export class NothingCameError extends Error {
  override readonly name = 'NothingCameError';
}

const MOVES = 400;

export async function openStandBench(options: BenchOptions = {}): Promise<StandBench> {
  const { seed = 1, prepare, events = true, scenarios, roles, settings } = options;
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const { clock = new ManualClock(new Date()), before, armLimits } = options;
  const faults = options.faults === 'off' ? undefined : seedOfFaults();
  const stand = await startStand({
    ...{ seed, basePort: 0, directory: join(folder, 'stand'), clock },
    ...(scenarios && { scenarios }),
    ...(roles && { roles }),
    ...(before && { before }),
    ...(armLimits && { armLimits }),
    ...(faults !== undefined && { faults }),
    ...(options.preload !== undefined && { preload: options.preload }),
  });
  const log: HostLogLine[] = [];
  const closeStand = async (): Promise<void> => {
    await stand.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await prepare?.(stand);
    const host = await startHost({
      appDirectory: resolve('.'),
      port: 0,
      clock,
      settingsFile: join(folder, 'settings.json'),
      workerEntry: resolve('dist/local/worker.mjs'),
      log: (line) => void log.push(line),
      ...options.host,
      settings: { ...stand.settings, ...(typeof settings === 'function' ? settings(stand) : settings) },
    });
    const close = (): Promise<void> => host.stop().finally(closeStand);
    // Shown with whatever fails: the same seed brings the same faults again.
    if (faults !== undefined) console.log(`PERENNIAL_TEST_FAULTS=${faults}`);
    if (events) await subscribe(stand, host);
    return { ...parts(stand, host, clock), log, folder, close };
  } catch (error) {
    await closeStand();
    throw error;
  }
}

function subscribe(stand: Stand, { url, keys, workerPid = 0, stop }: Host): Promise<void> {
  return subscribeApp(stand, { url, keys, workerPid, pid: process.pid, stop });
}

function parts(stand: Stand, host: Host, clock: ManualClock): Omit<StandBench, 'log' | 'folder' | 'close'> {
  const app = createAppClient(host.url, host.keys);
  const until: StandBench['until'] = async (look) => {
    for (let move = 0; move < MOVES; move++) {
      await flowing(host.idle(), clock);
      await stand.cloud.events.settled();
      const found = await look();
      if (found !== undefined) return found;
      const next = clock.next();
      if (next === undefined) break;
      clock.advance(Math.max(0, next.getTime() - clock.now().getTime()));
    }
    const befell = stand.background === undefined ? '' : ` ${tellTally(stand.background)}`;
    throw new NothingCameError(`nothing came until ${clock.now().toISOString()}: ${look}.${befell}`);
  };
  return {
    ...{ stand, host, clock, app, until, ...viewOf(stand) },
    async renew({ vaultName: vault, name: certificate }) {
      const { status, body } = await app.renew({ vault, certificate, force: true });
      if (status !== 202) throw new NothingCameError(`renew ${certificate}: ${status} ${JSON.stringify(body)}`);
      return String(body.id);
    },
    ended: (id) =>
      until(async () => {
        const view = (await app.renewal(id)) as View | undefined;
        return view?.outcome === undefined ? undefined : view;
      }),
  };
}

const FLOW_MILLISECONDS = 20;

/** While something runs time goes on as it really does: a lost call, for instance, is repeated after a pause. */
async function flowing(work: Promise<void>, clock: ManualClock): Promise<void> {
  const flow = setInterval(() => clock.advance(FLOW_MILLISECONDS), FLOW_MILLISECONDS);
  try {
    await work;
  } finally {
    clearInterval(flow);
  }
}

/** What is left behind in storage and vaults, seen past the app. */
export function viewOf(stand: Stand): StandView {
  const { connectionString } = stand;
  const { blobs } = createStorage({ connectionString });
  const rows: StandBench['rows'] = (table) => rowsOf(table, connectionString);
  return {
    rows,
    journal: createBlobJournal({ container: blobs('journal') }),
    seeded: (key) => seededOf(stand, key),
    async rowsOf(table, { vaultName, name }) {
      const all = await rows(table);
      return all.filter((row) => row.vault === vaultName && String(row.name).toLowerCase() === name.toLowerCase());
    },
    versions: ({ vaultName, name }) => {
      const found = stand.cloud
        .vault(vaultName)
        .snapshot()
        .find((one) => one.name === name);
      return found?.versions.length ?? 0;
    },
  };
}

function seededOf(stand: Stand, key: Seeded['key']): Seeded {
  const found = stand.estate.certificates.find((one) => one.key === key);
  if (found === undefined) throw new NothingCameError(`no certificate ${key} is seeded`);
  return found;
}

/** A table that the app has not made yet holds nothing. */
async function rowsOf(table: string, connectionString: string): Promise<readonly Record<string, unknown>[]> {
  const client = TableClient.fromConnectionString(connectionString, table, { allowInsecureConnection: true });
  const found: Record<string, unknown>[] = [];
  try {
    for await (const row of client.listEntities()) found.push(row);
  } catch (error) {
    if (storageStatus(error) !== 404) throw error;
  }
  return found;
}
