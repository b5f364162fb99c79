import type { ChildProcess } from 'node:child_process';

const START_MILLISECONDS = 20_000;
const PAUSE_MILLISECONDS = 50;

/** Asks again until it answers; throws with what it said when it ends before, or takes too long. */
export async function untilItAnswers(
  { name, child }: { readonly name: string; readonly child: ChildProcess },
  ask: () => Promise<unknown>,
): Promise<void> {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      said = (said + bytes.toString('utf8')).slice(-2000);
    });
  }
  const deadline = Date.now() + START_MILLISECONDS;
  for (;;) {
    if (child.exitCode !== null) throw new TypeError(`${name} ended with ${child.exitCode}: ${said}`);
    try {
      return void (await ask());
    } catch (error) {
      if (Date.now() > deadline) throw new TypeError(`${name} does not answer: ${said}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  }
}

export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
