import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { lapseText, type TimeLapse } from '../time-lapse.ts';

/** The app on our host, in processes of its own: it knows nothing but its settings. */
export interface AppProcess {
  readonly url: string;
  readonly keys: HostKeys;
  /** Changes when the host starts the worker again. */
  readonly workerPid: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface HostKeys {
  readonly function: string;
  readonly master: string;
  readonly systemEventGrid: string;
  readonly systemDurable: string;
}

export interface AppProcessOptions {
  /** Folder with package.json, host.json and the bundle. */
  readonly app: string;
  readonly port: number;
  /** Where the host keeps its store and keys. */
  readonly directory: string;
  /** The settings file of the app. */
  readonly settings: string;
  /** Absent: the app lives in real time. */
  readonly lapse?: TimeLapse;
  readonly onLog?: (line: string) => void;
}

/** The host ended before it was ready; the message is what it said last. */
export class AppStartError extends Error {
  override readonly name = 'AppStartError';
}

const hostEntry = fileURLToPath(new URL('./host.mjs', import.meta.url));

/** Starts the host as a child and answers when the app is loaded. The child ends with this process. */
export async function startApp(options: AppProcessOptions, entry: string = hostEntry): Promise<AppProcess> {
  const { app, port, directory, settings, lapse, onLog = () => undefined } = options;
  const args = [
    entry,
    '--app',
    app,
    '--port',
    String(port),
    '--directory',
    directory,
    '--settings',
    settings,
    '--json',
    ...(lapse === undefined ? [] : ['--time-lapse', lapseText(lapse)]),
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const said: string[] = [];
  follow(child, (line) => {
    if (!isDebug(line)) said.push(line);
    if (said.length > 20) said.shift();
    onLog(line);
  });
  const ready = await readiness(child, said);
  return { ...ready, stop: () => stop(child) };
}

function follow({ stderr: input }: ChildProcess, onLine: (line: string) => void): void {
  if (input !== null) createInterface({ input }).on('line', onLine);
}

function readiness(child: ChildProcess, said: readonly string[]): Promise<Omit<AppProcess, 'stop'>> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new AppStartError(`The host ended with ${code ?? 'a signal'}:\n${said.map(messageOf).join('\n')}`));
    });
    const input = child.stdout;
    if (input !== null)
      createInterface({ input }).once('line', (line) => resolve(JSON.parse(line) as Omit<AppProcess, 'stop'>));
  });
}

/** A log line's message; text that is no log line as it is. */
export function messageOf(line: string): string {
  try {
    return String((JSON.parse(line) as { message?: unknown }).message ?? line);
  } catch {
    return line;
  }
}

function isDebug(line: string): boolean {
  return /"level":"(debug|trace)"/.test(line);
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
