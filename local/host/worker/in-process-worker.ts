import { type StandClock, systemClock } from '../../clock.ts';
import { HostError } from '../host-error.ts';
import type { Worker } from '../types.ts';
import { loadApp } from './app.ts';
import { replaceAppClock } from './app-clock.ts';
import type { WorkerLog } from './protocol.ts';

export interface InProcessWorkerOptions {
  readonly appDirectory: string;
  /** Added to this process's environment until the worker stops. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock?: StandClock;
  readonly log: WorkerLog;
}

let taken = false;

/** The app in this very process, for tests that look into it. One at a time: the library knows one host a process. */
export async function startInProcessWorker(options: InProcessWorkerOptions): Promise<Worker> {
  if (taken) throw new HostError('Another app runs in this process already: one in-process worker at a time.');
  taken = true;
  const restoreEnvironment = applyEnvironment(options.env);
  const clock = options.clock ?? systemClock;
  const restoreClock = clock === systemClock ? () => {} : replaceAppClock(clock);
  const restore = (): void => {
    restoreClock();
    restoreEnvironment();
    taken = false;
  };
  try {
    const app = await loadApp(options.appDirectory, options.log);
    const stop = (): Promise<void> => app.terminate().finally(restore);
    return { functions: app.functions, invoke: app.invoke, stop };
  } catch (error) {
    restore();
    throw error;
  }
}

function applyEnvironment(env: Readonly<Record<string, string>>): () => void {
  const previous = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]));
  Object.assign(process.env, env);
  return () => {
    for (const [name, value] of Object.entries(previous)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}
