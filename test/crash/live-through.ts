import { setTimeout as wait } from 'node:timers/promises';
import type { Seeded } from '../../local/stand/scenarios.ts';
import { isAlive } from '../e2e/program.ts';
import type { CrashBench } from './crash-bench.ts';
import { storedAt } from './hub-tail.ts';
import type { Killed, Row } from './rows.ts';
import type { Call } from './traps.ts';
import { problemsOf } from './whole.ts';

/** What came of a row. */
export interface RowResult {
  readonly stage: string;
  readonly effect: string;
  readonly point: Row['point'];
  readonly killed: Killed;
  readonly pid: number;
  /** The call at which it was killed, and the place in the host's store where the result stands. */
  readonly at: string;
  readonly outcome: string;
  readonly seconds: number;
  readonly problems: readonly string[];
}

const REACHED_SECONDS = 60;
const ENDED_SECONDS = 90;
const LOOK_EVERY_MILLISECONDS = 150;

/** What was waited for did not come in time. */
export class NotInTimeError extends Error {
  override readonly name = 'NotInTimeError';
}

/**
 * Renews a certificate, kills whom the row says where it says, starts them again, and looks at what came of it.
 * `meanwhile` runs while they are dead.
 */
export async function liveThrough(
  bench: CrashBench,
  row: Row,
  { seeded, meanwhile = async () => undefined }: { readonly seeded: Seeded; readonly meanwhile?: () => Promise<void> },
): Promise<RowResult> {
  const { traps } = bench;
  const { moment, killed, point } = row;
  const began = Date.now();
  const victim = { pid: 0, stored: '' };
  traps.handled.length = 0;
  const caught = traps.set({
    when: row.when,
    isIt: moment.isIt,
    strike: async () => {
      if (row.when === 'hold' && moment.thenStored !== undefined) {
        const offset = await storedAt(bench.directory, `-${seeded.name}-`, moment.thenStored, REACHED_SECONDS);
        victim.stored = `, the host's store up to byte ${offset}`;
      }
      victim.pid = await kill(bench, killed);
    },
  });
  const asked = untilAccepted(bench, seeded);
  asked.catch(() => undefined);
  const call = await inTime(caught, `${moment.stage}, ${moment.effect}: never reached`);
  await meanwhile();
  await startAgain(bench, killed);
  const id = await asked;
  const view = await untilEnded(bench, id);
  const problems = await problemsOf(bench, seeded, {
    ...{ id, view, calls: [...traps.handled] },
    mayRetry: killed === 'Azurite',
  });
  const { stage, effect } = moment;
  return {
    ...{ stage, effect, point, killed, pid: victim.pid },
    at: `${nameOf(call)}${victim.stored}`,
    outcome: `${view.outcome}`,
    seconds: (Date.now() - began) / 1000,
    problems,
  };
}

/** SIGKILL; resolves with the process id when the process is gone, and with the host its worker. */
export async function kill({ app, storage }: CrashBench, killed: Killed): Promise<number> {
  const worker = app.workerPid();
  const pid = { worker, host: app.hostPid, Azurite: storage.pid }[killed];
  if (killed === 'Azurite') {
    await storage.kill();
    return pid;
  }
  process.kill(pid, 'SIGKILL');
  while (isAlive(pid) || isAlive(worker)) await wait(2);
  return pid;
}

/** The host starts its worker again by itself. */
async function startAgain({ app, storage }: CrashBench, killed: Killed): Promise<void> {
  if (killed === 'host') await app.start();
  if (killed === 'Azurite') await storage.restart();
}

/** A person asks again when the app died under the call. */
export async function untilAccepted(
  { app }: CrashBench,
  { vaultName: vault, name: certificate }: Seeded,
): Promise<string> {
  const giveUp = Date.now() + ENDED_SECONDS * 1000;
  let last: unknown;
  while (Date.now() < giveUp) {
    try {
      const { status, body } = await app.client.renew({ vault, certificate, force: true });
      if (status === 202) return String(body.id);
      last = `${status} ${JSON.stringify(body)}`;
    } catch (error) {
      last = error;
    }
    await wait(LOOK_EVERY_MILLISECONDS);
  }
  throw new NotInTimeError(`${certificate} was not taken up: ${last}`);
}

export async function untilEnded({ app }: Pick<CrashBench, 'app'>, id: string): Promise<Record<string, unknown>> {
  const giveUp = Date.now() + ENDED_SECONDS * 1000;
  let last: Record<string, unknown> | undefined;
  while (Date.now() < giveUp) {
    last = await app.client.renewal(id).catch(() => undefined);
    if (last?.outcome !== undefined) return last;
    await wait(LOOK_EVERY_MILLISECONDS);
  }
  throw new NotInTimeError(`${id} did not end: ${JSON.stringify(last)}`);
}

export async function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  const over = new AbortController();
  const late = wait(REACHED_SECONDS * 1000, undefined, { signal: over.signal }).then(() => {
    throw new NotInTimeError(what);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

function nameOf({ of, method, path }: Call): string {
  return `${of}: ${method} ${path}`;
}
