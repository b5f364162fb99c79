import { join } from 'node:path';
import { type StandClock, systemClock } from '../clock.ts';
import { HostError } from './host-error.ts';
import { type Answer, answersOf } from './http/answers.ts';
import { type DurablePlaces, durableClientInput } from './http/durable-links.ts';
import { type Listener, listen } from './http/exchange.ts';
import { type Keys, openKeys } from './http/keys.ts';
import { openTaskHub } from './hub/task-hub.ts';
import { type HostConfiguration, readHostConfiguration, readLocalSettings } from './settings.ts';
import { checkFunctions } from './triggers/bindings.ts';
import { startQueueTriggers } from './triggers/queues.ts';
import { startTimers } from './triggers/timers.ts';
import type { FunctionInfo, TaskHub, Worker } from './types.ts';
import { startInProcessWorker } from './worker/in-process-worker.ts';
import { type MeteredWorker, meteredWorker } from './worker/metered-worker.ts';
import { startProcessWorker } from './worker/process-worker.ts';
import type { LogLevel } from './worker/protocol.ts';

export interface HostLogLine {
  readonly time: string;
  readonly level: LogLevel;
  /** `host`, `hub`, or the worker's: `user`, `system`, `stdout`, `stderr`. */
  readonly category: string;
  readonly message: string;
  readonly functionName?: string;
  readonly invocationId?: string;
}

export interface HostOptions {
  readonly appDirectory: string;
  /** 0: any free one. Absent: `Host.LocalHttpPort` of the settings, or 7071. */
  readonly port?: number;
  readonly hostname?: string;
  /** Where keys, schedules and the durable store live; absent: in memory. */
  readonly directory?: string;
  readonly clock?: StandClock;
  readonly worker?: 'process' | 'in-process';
  /** The child's built entry; by default the one beside the built host. */
  readonly workerEntry?: string;
  /** In place of the app's `local.settings.json`. */
  readonly settingsFile?: string;
  /** They win over the file's. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly log?: (line: HostLogLine) => void;
}

/** A Functions host that runs one app. */
export interface Host {
  /** Without a slash at the end. */
  readonly url: string;
  readonly functions: readonly FunctionInfo[];
  readonly keys: Keys;
  readonly hub: TaskHub;
  /** Process id of the worker's child; it changes when the child is started again. Absent in process. */
  readonly workerPid: number | undefined;
  /** When the timer fires next. */
  nextRun(functionName: string): Date | undefined;
  /** Resolves when no function runs and the hub waits for nothing but timers and events. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

const DEFAULT_PORT = 7071;
const LOOPBACK = '127.0.0.1';

type Say = (level: LogLevel, message: string, functionName?: string) => void;

/** What is open, so that it can be closed in the reverse order, also when the start fails half-way. */
type Closers = (() => Promise<void> | void)[];

/** Loads the app and opens its triggers. Throws `HostError` when something must be mended first. */
export async function startHost(options: HostOptions): Promise<Host> {
  const closers: Closers = [];
  try {
    return await opened(options, closers);
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function opened(options: HostOptions, closers: Closers): Promise<Host> {
  const clock = options.clock ?? systemClock;
  const say = sayer(options, clock);
  const setup = await readSetup(options, say);
  const keys = await openKeys(options.directory);
  const front = await openListener(closers, { ...setup, say });
  const rpc = await openListener(closers, { hostname: LOOPBACK, port: 0, say });
  const places = placesOf(front.listener, { rpc: rpc.listener, keys, setup });
  const raw = await startWorker(options, { setup, places, clock, say, closers });
  const worker = checkedWorker(raw, { setup, places, say });
  const hub = await openHub(options, { worker, clock, setup, say });
  closers.push(() => hub.stop());
  const parts: Parts = { options, clock, say, setup, keys, places, worker, hub };
  // Activities that the hub repeats, and timers that run at start, may call the durable client at once.
  const answers = answersOf({ ...parts, routePrefix: setup.configuration.routePrefix });
  front.answerWith(answers.front);
  rpc.answerWith(answers.rpc);
  const timers = await startTriggers(parts, closers);
  say('information', `The host serves ${worker.functions.length} functions on ${places.origin}.`);
  return {
    url: places.origin,
    functions: worker.functions,
    keys,
    hub,
    get workerPid() {
      return raw.pid;
    },
    nextRun: (name) => timers.next(name),
    idle: () => idle(worker, hub),
    stop: async () => {
      // First no new requests, while those under way still have an app to answer them.
      await front.listener.close();
      await closeAll(closers);
    },
  };
}

interface Setup {
  readonly settings: Readonly<Record<string, string>>;
  readonly configuration: HostConfiguration;
  readonly port: number;
  readonly hostname: string;
}

interface Parts {
  readonly options: HostOptions;
  readonly clock: StandClock;
  readonly say: Say;
  readonly setup: Setup;
  readonly keys: Keys;
  readonly places: DurablePlaces;
  readonly worker: MeteredWorker;
  readonly hub: TaskHub;
}

async function readSetup(options: HostOptions, say: Say): Promise<Setup> {
  const file = options.settingsFile ?? join(options.appDirectory, 'local.settings.json');
  const local = await readLocalSettings(file, join(options.appDirectory, 'local.settings.sample.json'));
  if (local.created) say('information', `${file} was made from local.settings.sample.json.`);
  const settings = { ...local.values, ...options.settings };
  const configuration = await readHostConfiguration(options.appDirectory, settings);
  if (configuration.ignored.length > 0) {
    say('debug', `host.json: this host has no use for ${configuration.ignored.join(', ')}.`);
  }
  const port = options.port ?? local.port ?? DEFAULT_PORT;
  return { settings, configuration, port, hostname: options.hostname ?? LOOPBACK };
}

/** The addresses must be known before the app starts, so that the listeners are first and requests wait for the rest. */
async function openListener(
  closers: Closers,
  { hostname, port, say }: { readonly hostname: string; readonly port: number; readonly say: Say },
): Promise<{ listener: Listener; answerWith: (answer: Answer) => void }> {
  let answerWith: (answer: Answer) => void = () => {};
  const ready = new Promise<Answer>((resolve) => {
    answerWith = resolve;
  });
  const listener = await listen({
    hostname,
    port,
    answer: async (request) => (await ready)(request),
    log: (message) => say('error', message),
  });
  closers.push(() => listener.close());
  // A start that fails half-way must not leave anybody waiting; after a good start this changes nothing.
  closers.push(() => answerWith(async () => ({ status: 503, headers: { 'retry-after': '1' } })));
  return { listener, answerWith };
}

interface Places {
  readonly rpc: Listener;
  readonly keys: Keys;
  readonly setup: Setup;
}

function placesOf(front: Listener, { rpc, keys, setup }: Places): DurablePlaces {
  return {
    origin: front.origin.replace('//0.0.0.0:', `//${LOOPBACK}:`).replace('//[::]:', '//[::1]:'),
    rpcBaseUrl: `${rpc.origin}/durabletask/`,
    hubName: setup.configuration.durable.hubName,
    key: keys.systemDurable,
  };
}

interface Starting {
  readonly setup: Setup;
  readonly places: DurablePlaces;
  readonly clock: StandClock;
  readonly say: Say;
  readonly closers: Closers;
}

async function startWorker(options: HostOptions, { setup, places, clock, closers }: Starting): Promise<Worker> {
  const { appDirectory, workerEntry, log } = options;
  const env = {
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    FUNCTIONS_WORKER_RUNTIME: 'node',
    ...setup.settings,
    // Without it the durable client sends people to port 7071, whatever the host's port is.
    WEBSITE_HOSTNAME: new URL(places.origin).host,
  };
  const common = { appDirectory, env, clock, log: workerLog(log, clock) };
  const worker =
    options.worker === 'in-process'
      ? await startInProcessWorker(common)
      : await startProcessWorker({ ...common, ...(workerEntry === undefined ? {} : { workerEntry }) });
  closers.push(() => worker.stop());
  return worker;
}

function checkedWorker(raw: Worker, { setup, places, say }: Pick<Starting, 'setup' | 'places' | 'say'>): MeteredWorker {
  const { functions, warnings } = checkFunctions(raw.functions, setup.settings);
  for (const warning of warnings) say('warning', warning);
  const checked: Worker = { functions, invoke: (invocation) => raw.invoke(invocation), stop: () => raw.stop() };
  return meteredWorker(checked, { string: durableClientInput(places) });
}

function openHub(
  { directory }: HostOptions,
  { worker, clock, setup, say }: Pick<Parts, 'worker' | 'clock' | 'setup' | 'say'>,
): Promise<TaskHub> {
  return openTaskHub({
    worker,
    clock,
    durable: setup.configuration.durable,
    log: (level, message) => say(level, message),
    ...(directory === undefined ? {} : { directory: join(directory, 'hub') }),
  });
}

async function startTriggers({ options, clock, say, setup, worker }: Parts, closers: Closers) {
  const { settings, configuration } = setup;
  const { functions } = worker;
  const common = {
    functions,
    worker,
    log: (message: string, name: string) => say('error', message, name),
    track: worker.track,
  };
  const queues = startQueueTriggers({ ...common, settings, queues: configuration.queues });
  closers.push(() => queues.stop());
  const timers = await startTimers({
    ...common,
    clock,
    timeZone: settings.WEBSITE_TIME_ZONE ?? 'UTC',
    ...(options.directory === undefined ? {} : { directory: options.directory }),
  });
  closers.push(() => timers.stop());
  return timers;
}

/** A run may start instances, and an instance runs functions: both must be quiet at the same time. */
async function idle(worker: MeteredWorker, hub: TaskHub): Promise<void> {
  do {
    await worker.settled();
    await hub.idle();
  } while (worker.running > 0);
}

async function closeAll(closers: Closers): Promise<void> {
  const problems: unknown[] = [];
  for (const close of closers.splice(0).reverse()) {
    try {
      await close();
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new HostError('The host did not stop cleanly.', { cause: problems[0] });
}

function sayer({ log }: HostOptions, clock: StandClock): Say {
  return (level, message, functionName) =>
    log?.({
      time: clock.now().toISOString(),
      level,
      category: 'host',
      message,
      ...(functionName === undefined ? {} : { functionName }),
    });
}

function workerLog(log: HostOptions['log'], clock: StandClock) {
  return (line: Omit<HostLogLine, 'time'>): void => log?.({ time: clock.now().toISOString(), ...line });
}
