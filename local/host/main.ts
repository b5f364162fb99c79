import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { StandClock } from '../clock.ts';
import { readLapse, timeLapse } from '../time-lapse.ts';
import { type Host, type HostLogLine, startHost } from './host.ts';
import { HostError } from './host-error.ts';
import { StoreError } from './store/store-error.ts';

const USAGE = `Usage: host --app DIR [--port N] [--hostname NAME] [--directory DIR] [--settings FILE] [--json]
            [--time-lapse SINCE,FACTOR[,catches-up]]
  --app        folder of the app: package.json, host.json
  --port       port to listen on; 0 takes any free one
  --hostname   address to listen on (127.0.0.1)
  --directory  folder for keys, schedules and the durable store; without it all is in memory
  --settings   settings file in place of the app's local.settings.json
  --json       write log and readiness as JSON lines
  --time-lapse host, timers and app live FACTOR times as fast since that moment (milliseconds since 1970),
                 or until then`;

const STOP_EXIT_CODE = 130;

interface Arguments {
  readonly app: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly directory?: string;
  readonly settingsFile?: string;
  readonly clock?: StandClock;
  readonly json: boolean;
}

try {
  await run(readArguments(process.argv.slice(2)));
} catch (error) {
  const isExpected = error instanceof HostError || error instanceof StoreError;
  process.stderr.write(`${isExpected ? error.message : String((error as Error).stack)}\n`);
  process.exitCode = 1;
}

async function run({ app, json, ...options }: Arguments): Promise<void> {
  const host = await startHost({ ...options, appDirectory: app, log: (line) => writeLog(line, json) });
  stopOnSignal(host);
  process.stdout.write(`${json ? readinessJson(host) : `Ready on ${host.url}: ${namesOf(host).join(', ')}`}\n`);
}

function readArguments(args: readonly string[]): Arguments {
  const text = { type: 'string' } as const;
  const options = {
    app: text,
    port: text,
    hostname: text,
    directory: text,
    settings: text,
    json: { type: 'boolean' },
    'time-lapse': text,
  } as const;
  const { values } = parsed(() => parseArgs({ args: [...args], options }));
  const { app, port, hostname, directory, settings, json = false, 'time-lapse': lapsing } = values;
  if (app === undefined) throw new HostError(USAGE);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) < 65_536)) {
    throw new HostError(`--port ${port} is no port number.`);
  }
  const lapse = lapsing === undefined ? undefined : readLapse(lapsing);
  if (lapsing !== undefined && lapse === undefined)
    throw new HostError(
      `--time-lapse ${lapsing}: write SINCE,FACTOR or SINCE,FACTOR,catches-up, the factor from 1 to 100.`,
    );
  return {
    app: resolve(app),
    json,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(directory === undefined ? {} : { directory: resolve(directory) }),
    ...(settings === undefined ? {} : { settingsFile: resolve(settings) }),
    ...(lapse === undefined ? {} : { clock: timeLapse(lapse) }),
  };
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new HostError(`${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}

/** Ctrl-C, a polite kill, and the end of whoever started the host as a child. The second signal does not wait. */
function stopOnSignal(host: Host): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(STOP_EXIT_CODE);
    stopping = true;
    host.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  if (process.channel !== undefined) process.on('disconnect', stop);
}

function readinessJson(host: Host): string {
  const { url, keys, workerPid } = host;
  return JSON.stringify({ ready: true, url, keys, functions: namesOf(host), pid: process.pid, workerPid });
}

function namesOf(host: Host): string[] {
  return host.functions.map(({ name }) => name);
}

/** The log goes to stderr: stdout has the readiness line only. */
function writeLog(line: HostLogLine, json: boolean): void {
  if (json) process.stderr.write(`${JSON.stringify(line)}\n`);
  else process.stderr.write(`${line.time} ${line.level} ${line.functionName ?? line.category}: ${line.message}\n`);
}
