import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BareOrder } from './bare-program.ts';
import { type Batch, BatchError, type Wish } from './batch.ts';

/** The same calls without orchestration, in a process of their own as the app has one. */
export interface Bare {
  readonly pid: number;
  renew(wishes: readonly Wish[], atOnce: number): Promise<Batch>;
  stop(): Promise<void>;
}

const program = fileURLToPath(new URL('./bench-bare.mjs', import.meta.url));

export async function startBare(settings: Readonly<Record<string, string>>): Promise<Bare> {
  const { PATH = '', HOME = '' } = process.env;
  const child = fork(program, [], { env: { PATH, HOME, ...settings }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await answer(child);
  return {
    pid: child.pid ?? 0,
    async renew(wishes, atOnce) {
      child.send({ wishes, atOnce } satisfies BareOrder);
      return (await answer(child)) as Batch;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.disconnect();
      }),
  };
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new BatchError(`the bare loop ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}
