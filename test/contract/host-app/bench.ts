import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { ManualClock } from '../../../local/clock.ts';
import { type Host, type HostLogLine, type HostOptions, startHost } from '../../../local/host/host.ts';

export const APP = import.meta.dirname;
const ROOT = resolve(APP, '../../..');

/** Builds the host's programs as the project's build does; answers with their folder, which must be removed. */
export async function buildPrograms(): Promise<string> {
  const folder = join(ROOT, 'node_modules', '.cache', 'perennial', `host-${process.pid}-${Date.now()}`);
  const input = { host: join(ROOT, 'local/host/main.ts'), worker: join(ROOT, 'local/host/worker/child.ts') };
  const build = await rolldown({ input, platform: 'node', external: /^(?![./]|[A-Z]:)/, logLevel: 'warn' });
  await build.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs' });
  await build.close();
  return folder;
}

export interface Bench {
  readonly host: Host;
  readonly clock: ManualClock;
  readonly folder: string;
  readonly lines: HostLogLine[];
  /** What the app wrote down. */
  notes(): string[];
  call(
    method: string,
    path: string,
    more?: { key?: string; body?: string; headers?: Record<string, string> },
  ): Promise<Response>;
  close(): Promise<void>;
}

/** The fixture app in a child process, on a clock that stands still. */
export async function openBench(programs: string, more: Partial<HostOptions> = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'host-test-'));
  const notesFile = join(folder, 'notes.txt');
  const clock = new ManualClock(new Date('2026-01-01T00:30:00Z'));
  const lines: HostLogLine[] = [];
  const host = await startHost({
    appDirectory: APP,
    port: 0,
    clock,
    workerEntry: join(programs, 'worker.mjs'),
    settingsFile: join(folder, 'local.settings.json'),
    log: (line) => void lines.push(line),
    ...more,
    settings: {
      NOTES: notesFile,
      SWEEP_SCHEDULE: '0 0 * * * *',
      QUEUES: 'UseDevelopmentStorage=true',
      ...more.settings,
    },
  });
  return {
    host,
    clock,
    folder,
    lines,
    notes: () => (existsSync(notesFile) ? readFileSync(notesFile, 'utf8').split('\n').filter(Boolean) : []),
    call: (method, path, { key, body, headers = {} } = {}) =>
      fetch(`${host.url}${path}`, {
        method,
        headers: { ...headers, ...(key === undefined ? {} : { 'x-functions-key': key }) },
        ...(body === undefined ? {} : { body }),
      }),
    close: async () => {
      await host.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
