import { appendFile, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memoryMegabytes } from './cpu.ts';
import { figureOf, type Report } from './figure.ts';
import { BatchError, inFlight } from './pipeline/batch.ts';
import { startOrchestrated } from './pipeline/orchestrated.ts';
import { openStage, type Stage } from './pipeline/stage.ts';

const RENEWALS = 10_000;
const AT_ONCE = 64;
const LOOK_MILLISECONDS = 500;
const LOOKS = 1200;

/**
 * An estate of so many certificates, each with a renewal that has run its first step, was told by a throttled vault to
 * come back in an hour, and waits in a durable timer.
 */
export async function benchMemory(): Promise<Report> {
  const stage = await openStage(1, { sites: [] });
  throttleAll(stage);
  const estate = await largeEstate(stage);
  const app = await startOrchestrated(stage.folder, { ...stage.stand.settings, PERENNIAL_ESTATE: estate });
  try {
    const before = memoryMegabytes(app.app.workerPid);
    const names = Array.from({ length: RENEWALS }, (_, index) => nameOf(index));
    await inFlight(names, AT_ONCE, (name) => start(app.app, stage.stand.estate.vaultNames[0], name));
    await allWaiting(app.app);
    const [worker, host] = [memoryMegabytes(app.app.workerPid), memoryMegabytes(app.app.pid)];
    if (before === undefined || worker === undefined || host === undefined)
      throw new BatchError('there is no /proc here');
    return {
      bench: `memory: ${RENEWALS} renewals in flight, in an estate of as many certificates`,
      figures: [
        figureOf('the app, at most', 'MB', [worker.most], { atMost: 300 }),
        figureOf('the app, in the end', 'MB', [worker.now]),
        figureOf('the app, before the first renewal', 'MB', [before.now]),
        figureOf('the host, at most', 'MB', [host.most]),
      ],
    };
  } finally {
    await app.stop();
    await stage.close();
  }
}

function nameOf(index: number): string {
  return `app-${String(index).padStart(5, '0')}`;
}

function throttleAll({ stand }: Stage): void {
  const headers = { 'retry-after': '3600', 'content-type': 'application/json' };
  const body = JSON.stringify({ error: { code: 'Throttled', message: 'too many requests' } });
  for (const vault of stand.cloud.vaults) {
    const { handle } = vault;
    // Without a token the vault still has to say where tokens are made.
    vault.handle = async (asked) =>
      asked.headers.authorization === undefined ? handle(asked) : { status: 429, headers, body };
  }
}

/** The stand's estate file with all the certificates below its own. */
async function largeEstate({ stand, folder }: Stage): Promise<string> {
  const file = join(folder, 'large-estate.yaml');
  await copyFile(stand.estateFile, file);
  const vault = stand.estate.vaultNames[0];
  const rows = Array.from(
    { length: RENEWALS },
    (_, index) => `  - { vault: ${vault}, name: ${nameOf(index)}, plan: web, targets: [] }\n`,
  );
  await appendFile(file, rows.join(''));
  return file;
}

interface At {
  readonly url: string;
  readonly keys: { readonly systemDurable: string };
}

/** Past the app's own door, which would ask the vault before it starts anything. */
async function start({ url, keys }: At, vault: string, certificate: string): Promise<void> {
  const input = { renewalId: `bench-${certificate}`, vault, certificate, reason: 'sweep', force: true };
  const path = `/runtime/webhooks/durabletask/orchestrators/renewCertificate/${input.renewalId}`;
  const response = await fetch(`${url}${path}?code=${keys.systemDurable}`, {
    method: 'POST',
    body: JSON.stringify(input),
  });
  await response.arrayBuffer();
  if (response.status !== 202) throw new BatchError(`${certificate} was not started: ${response.status}`);
}

interface Listed {
  readonly runtimeStatus: string;
  readonly customStatus: { readonly nextAttemptAt?: string; readonly waitingFor?: string } | null;
}

async function allWaiting({ url, keys }: At): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const response = await fetch(`${url}/runtime/webhooks/durabletask/instances?code=${keys.systemDurable}`);
    const listed = (await response.json()) as readonly Listed[];
    const wrong = listed.find(({ runtimeStatus }) => runtimeStatus !== 'Running' && runtimeStatus !== 'Pending');
    if (wrong !== undefined) throw new BatchError(`a renewal does not wait: ${JSON.stringify(wrong)}`);
    if (listed.filter(({ customStatus }) => customStatus?.waitingFor === 'vault-throttled').length === RENEWALS) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
  }
  throw new BatchError('not every renewal came to wait within ten minutes');
}
