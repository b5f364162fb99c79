import { createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AzuriteError } from '../azurite.ts';
import { tellTally } from '../faults/background.ts';
import { OUTAGE_SECONDS } from '../faults/faults.ts';
import { type TimeLapse, timeLapse } from '../time-lapse.ts';
import { PortTakenError } from '../transport/serve.ts';
import { createAppClient } from './app-client.ts';
import { type AppProcess, AppStartError, startApp } from './app-process.ts';
import { runDemo } from './demo.ts';
import { fleetSummary, runFleet } from './fleet/run.ts';
import { createPainter } from './fleet/view.ts';
import { hints } from './hints.ts';
import { type Options, readOptions, UsageError, usage } from './options.ts';
import { type Report, summaryTable } from './report.ts';
import { SettingsFileError, writeSettings } from './settings-file.ts';
import { type Stand, startStand } from './stand.ts';
import { subscribeApp } from './subscriptions.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Boots the stand and the app, renews the seeded estate, and stays up or ends as it was told. */
async function main(options: Options): Promise<number> {
  const began = Date.now();
  const interrupted = interruption();
  const directory = resolve(options.directory);
  // Only what an earlier run's host kept there: the folder may be anybody's, and the vaults of that run are gone.
  await rm(join(directory, HOST_FOLDER), { recursive: true, force: true });
  const lapse = lapseOf(options, began);
  const clock = timeLapse(lapse);
  // As long for somebody who looks on as they are otherwise.
  const outageSeconds = OUTAGE_SECONDS * lapse.factor;
  const stand = await Promise.race([startStand({ ...options, directory, clock, outageSeconds }), interrupted]);
  // Nothing to stop yet: whatever child is there already ends with this process.
  if (stand === 'interrupted') return INTERRUPTED;
  let app: AppProcess | 'interrupted' | undefined;
  try {
    print(`The stand is up (${since(began)}): ${contentOf(stand)}.`);
    print(paceOf(lapse));
    app = await Promise.race([openApp(stand, options, { directory, lapse }), interrupted]);
    if (app === 'interrupted') return INTERRUPTED;
    print(`The app is up (${since(began)}): ${app.url}\n`);
    const report = await Promise.race([renewAll(stand, app, options), interrupted]);
    if (report === 'interrupted') return INTERRUPTED;
    if (options.once) return report.ok ? 0 : 1;
    print(hints(stand, app));
    await interrupted;
    return 0;
  } finally {
    if (typeof app === 'object') await app.stop();
    await stand.stop();
  }
}

/** A wave takes as long as its scripts, twenty seconds and more: nobody has to sit through them. */
const FLEET_TIMES_AS_FAST = 5;
/** A gateway takes a minute and more. */
const ESTATE_TIMES_AS_FAST = 10;
/** Longer than starting everything and renewing the estate may take. */
const CATCH_UP_MILLISECONDS = 120_000;

/**
 * A fleet's time goes ahead: nobody looks at its machines from outside. That of the estate begins behind and is the real one
 * after two minutes, so that no TLS client is shown a certificate that is not yet valid.
 */
function lapseOf({ fleet }: Options, began: number): TimeLapse {
  if (fleet !== undefined) return { since: began, factor: FLEET_TIMES_AS_FAST };
  return { since: began + CATCH_UP_MILLISECONDS, factor: ESTATE_TIMES_AS_FAST, catchesUp: true };
}

function paceOf({ factor, catchesUp }: TimeLapse): string {
  const until = catchesUp ? 'For two minutes time' : 'Time';
  return `${until} goes ${factor} times as fast as in Azure: scripts, waits and the buckets of ARM alike.`;
}

const INTERRUPTED = 130;
const HOST_FOLDER = 'perennial-host';

function interruption(): Promise<'interrupted'> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done('interrupted'));
  });
}

async function openApp(
  stand: Stand,
  options: Options,
  { directory, lapse }: { readonly directory: string; readonly lapse: TimeLapse },
): Promise<AppProcess> {
  await writeSettings(stand.settings, options.settings);
  const log = createWriteStream(join(directory, 'app.log'));
  const app = await startApp({
    app: resolve(options.app),
    port: options.port,
    directory: join(directory, HOST_FOLDER),
    settings: resolve(options.settings),
    lapse,
    onLog: (line) => log.write(`${line}\n`),
  });
  await subscribeApp(stand, app);
  return app;
}

async function renewAll(stand: Stand, app: AppProcess, options: Options): Promise<Report> {
  const client = createAppClient(app.url, app.keys);
  const painter = createPainter(process.stdout);
  const report =
    options.fleet === undefined
      ? await runDemo(stand, client, print)
      : await runFleet({ ...{ stand, app: client, painter, print }, timesAsFast: FLEET_TIMES_AS_FAST });
  print(
    `\n${report.fleet === undefined ? summaryTable(report.renewals) : fleetSummary(report.fleet, report.renewals)}\n`,
  );
  if (stand.background !== undefined) print(tellTally(stand.background));
  if (stand.fault !== undefined) print(`The fault ${stand.fault.name} struck ${stand.fault.times()} times.`);
  const wrong = report.renewals.filter((one) => one.problem !== undefined);
  if (report.ok) print(`Every certificate ended as it must (${report.seconds.toFixed(1)} s).`);
  else
    print(
      `${wrong.length} of ${report.renewals.length} did not end as they must: ${wrong.map((one) => `${one.certificate} (${one.problem})`).join(', ')}.`,
    );
  if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

function contentOf({ estate }: Stand): string {
  const [first] = estate.certificates;
  if (first?.machines !== undefined)
    return `the client certificate ${first.vaultName}/${first.name} on ${first.machines} machines`;
  return `${estate.certificates.length} certificates in ${estate.vaultNames.join(' and ')}`;
}

function since(began: number): string {
  return `${((Date.now() - began) / 1000).toFixed(1)} s`;
}

/** Errors that a person can mend are shown as their message alone. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n\n${usage}`;
  if (error instanceof PortTakenError) return `${error.message} (--base-port N)`;
  const mendable = [AppStartError, AzuriteError, SettingsFileError];
  if (error instanceof Error && mendable.some((kind) => error instanceof kind)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) print(usage);
  else process.exitCode = await main(options);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
// Handles that libraries leave open must not keep a program alive that is done.
if (process.exitCode !== undefined) process.exit(process.exitCode);
