import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type StandClock, systemClock } from '../../clock.ts';
import { HostError, messageOf } from '../host-error.ts';
import type { FunctionInfo, Invocation, InvocationResult, Worker } from '../types.ts';
import type { FromChild, ToChild, WorkerLog } from './protocol.ts';

export interface ProcessWorkerOptions {
  readonly appDirectory: string;
  /** The app's settings. Of the host's own environment it gets only what Node itself needs. */
  readonly env: Readonly<Record<string, string>>;
  /** The app follows it if it is not the system's: at every call it is told the time. */
  readonly clock?: StandClock;
  /** The built child.ts; in a build it lies beside the host as `worker.mjs`. */
  readonly workerEntry?: string;
  readonly log: WorkerLog;
}

const NEEDED_BY_NODE = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'SystemRoot', 'NODE_EXTRA_CA_CERTS'];
const STOP_MILLISECONDS = 5000;
const LONGEST_PAUSE_MILLISECONDS = 30_000;
/** A child that lived so long starts again at once when it dies. */
const HEALTHY_MILLISECONDS = 10_000;

/** The app in a child process, which is started again whenever it dies. Throws `HostError` when the app is refused. */
export async function startProcessWorker(options: ProcessWorkerOptions): Promise<Worker> {
  const worker = new ProcessWorker(options);
  try {
    await worker.launch();
  } catch (error) {
    await worker.stop();
    throw error;
  }
  return worker;
}

class ProcessWorker implements Worker {
  functions: readonly FunctionInfo[] = [];
  readonly #options: ProcessWorkerOptions;
  readonly #pending = new Map<number, (result: InvocationResult) => void>();
  #child: ChildProcess | undefined;
  #waiters: (() => void)[] = [];
  #ready = false;
  #stopped = false;
  #lastId = 0;
  #earlyDeaths = 0;
  #relaunch: NodeJS.Timeout | undefined;

  constructor(options: ProcessWorkerOptions) {
    this.#options = options;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves when the app is loaded. */
  async launch(): Promise<void> {
    const { appDirectory, workerEntry, env } = this.#options;
    const child = fork(workerEntry ?? builtEntry(), [], {
      cwd: appDirectory,
      env: { ...neededByNode(), ...env },
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#passOn(child);
    const started = Date.now();
    const loaded = loadOutcome(child);
    child.on('message', (message) => this.#receive(message as FromChild));
    child.once('exit', (code, signal) => this.#lost(child, { reason: signal ?? `code ${code}`, started }));
    child.send({ kind: 'load', appDirectory, ...this.#now() } satisfies ToChild);
    this.#open(await loaded);
  }

  async invoke(invocation: Invocation): Promise<InvocationResult> {
    while (!this.#ready && !this.#stopped) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    const child = this.#child;
    if (this.#stopped || child === undefined) return { state: 'lost' };
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      // An error here means that the channel is gone: the exit of the child ends the call as lost.
      child.send({ kind: 'invoke', id, invocation, ...this.#now() } satisfies ToChild, () => {});
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#relaunch);
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await ended(child);
    this.#loseAll();
    this.#wakeWaiters();
  }

  #open(functions: readonly FunctionInfo[]): void {
    const changed = this.functions.length > 0 && JSON.stringify(functions) !== JSON.stringify(this.functions);
    if (changed) this.#say('warning', 'The app has other functions now than before: restart the host to serve them.');
    else this.functions = functions;
    this.#ready = true;
    this.#wakeWaiters();
  }

  #receive(message: FromChild): void {
    if (message.kind === 'log') this.#options.log(message.line);
    if (message.kind !== 'result') return;
    this.#pending.get(message.id)?.(message.result);
    this.#pending.delete(message.id);
  }

  #lost(child: ChildProcess, { reason, started }: { reason: string; started: number }): void {
    if (child !== this.#child) return;
    this.#ready = false;
    this.#loseAll();
    // The first load is the caller's to judge; later ones are tried until they succeed.
    if (this.#stopped || this.functions.length === 0) return;
    this.#earlyDeaths = Date.now() - started < HEALTHY_MILLISECONDS ? this.#earlyDeaths + 1 : 0;
    const pause = this.#earlyDeaths <= 1 ? 0 : Math.min(LONGEST_PAUSE_MILLISECONDS, 125 * 2 ** this.#earlyDeaths);
    this.#say('error', `The worker process ${child.pid} ended (${reason}); it is started again in ${pause} ms.`);
    this.#relaunch = setTimeout(() => void this.#launchAgain(), pause);
  }

  /** A refused load ends its child, whose exit schedules the next try. */
  async #launchAgain(): Promise<void> {
    try {
      await this.launch();
    } catch (error) {
      if (this.#stopped) return;
      this.#say('error', messageOf(error));
      this.#child?.kill('SIGKILL');
    }
  }

  #passOn(child: ChildProcess): void {
    for (const category of ['stdout', 'stderr'] as const) {
      const stream = child[category];
      if (stream === null) continue;
      const level = category === 'stdout' ? 'information' : 'warning';
      const lines = createInterface({ input: stream });
      lines.on('line', (line) => this.#options.log({ level, category, message: `[worker ${child.pid}] ${line}` }));
    }
  }

  #say(level: 'warning' | 'error', message: string): void {
    this.#options.log({ level, category: 'system', message });
  }

  #loseAll(): void {
    for (const resolve of this.#pending.values()) resolve({ state: 'lost' });
    this.#pending.clear();
  }

  #wakeWaiters(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #now(): { now?: number } {
    const clock = this.#options.clock ?? systemClock;
    return clock === systemClock ? {} : { now: clock.now().getTime() };
  }
}

function builtEntry(): string {
  return fileURLToPath(new URL('./worker.mjs', import.meta.url));
}

function neededByNode(): Record<string, string> {
  const found = NEEDED_BY_NODE.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function loadOutcome(child: ChildProcess): Promise<readonly FunctionInfo[]> {
  return new Promise((resolve, reject) => {
    const receive = (message: unknown): void => {
      const answer = message as FromChild;
      if (answer.kind === 'loaded') resolve(answer.functions);
      if (answer.kind === 'refused') reject(new HostError(answer.message));
      if (answer.kind === 'loaded' || answer.kind === 'refused') child.off('message', receive);
    };
    child.on('message', receive);
    child.once('error', (error) => reject(new HostError(`The worker cannot start: ${error.message}`)));
    child.once('exit', (code, signal) =>
      reject(new HostError(`The worker ended at start (${signal ?? `code ${code}`}).`)),
    );
  });
}

/** Asks the child to stop, and kills it if it does not. */
function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS);
    child.once('exit', () => {
      clearTimeout(kill);
      resolve();
    });
    if (child.connected) child.send({ kind: 'stop' } satisfies ToChild, () => {});
    else child.kill('SIGKILL');
  });
}
