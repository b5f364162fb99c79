import { parseArgs } from 'node:util';
import { type FaultName, faultNamed, faultNames } from '../faults/catalogue.ts';
import { type FleetFaultName, fleetFaultNames, isFleetFault } from './fleet/faults.ts';

/** Emulators that a foreign client can have alone, with what they cannot do without. */
export const alone = {
  vault: 'one Key Vault, with identity',
  identity: 'managed-identity tokens and the keys to verify them',
  arm: 'Resource Manager with one App Service site, with identity and a vault to import from',
  storage: 'blobs, queues and tables (Azurite)',
  events: "Event Grid's delivery, with a door to subscribe and to raise events",
} as const;
export type Alone = keyof typeof alone;

/** What the programs of the stand can be told. */
export interface Options {
  readonly once: boolean;
  readonly report?: string;
  readonly seed: number;
  readonly fault?: FaultName;
  /** Machines that share one client certificate, in place of the seeded estate. */
  readonly fleet?: number;
  /** What befalls the fleet. */
  readonly fleetFault?: FleetFaultName;
  /** Seed of the passing faults. */
  readonly faults?: number;
  /** Port of the app's HTTP endpoint. */
  readonly port: number;
  /** First port of the stand: emulators and sites follow. 0: any free ones. */
  readonly basePort: number;
  /** Folder of the app: package.json, host.json and the bundle. */
  readonly app: string;
  /** Folder for everything the stand writes. */
  readonly directory: string;
  /** The settings file that the stand's own settings are written into. */
  readonly settings: string;
  readonly only?: Alone;
  readonly json: boolean;
  readonly help: boolean;
}

/** A command line that cannot be understood; the message says what would be. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const LINE_CHARACTERS = 96;
const MOST_MACHINES = 5000;

export const usage = `Usage: npm start -- [options]      renew the seeded estate, then stay up
       npm run stand -- [options]  only the stand: emulators, sites and settings

  --once              end after the renewals; exit code 0 only if every one ended as it must
  --report FILE       write what happened as JSON
  --seed N            other names, another estate (default 1)
  --faults SEED       a small share of all calls meets a passing fault; the same seed strikes the same calls
  --fault NAME        one fault that befalls the first certificate, each described in docs/faults.md:
${inLines(faultNames)}
  --fleet N           with \`npm start\`: one client certificate on N virtual machines, renewed in waves, in place of the
                      estate; its own faults are ${fleetFaultNames.join(', ')}
  --port N            port of the app (default 7071; 0: any free one)
  --base-port N       first port of the stand (default 8440; 0: any free ports)
  --app DIR           the app that runs: an unpacked package, for instance (default: the one built here)
  --directory DIR     where the stand keeps its files (default .stand)
  --settings FILE     settings file to write (default local.settings.json); other values in it stay
  --only NAME         with \`npm run stand\`: one emulator alone, for a foreign client:
${Object.entries(alone)
  .map(([name, what]) => `                        ${name.padEnd(10)}${what}`)
  .join('\n')}
  --json              with \`npm run stand\`: print addresses as JSON
  --help              this text`;

/** Reads the command line; throws `UsageError` that names the option and what it may be. */
export function readOptions(args: readonly string[]): Options {
  const values = parse(args);
  const { report, only } = values;
  const befalls = readFaults(values);
  const { fault, fleet } = befalls;
  if (only !== undefined && !isAlone(only))
    throw new UsageError(`--only ${only}: there are ${Object.keys(alone).join(', ')}`);
  if (only !== undefined && fault !== undefined)
    throw new UsageError(
      `--fault ${fault}: it befalls a renewal, and with --only there is none; --faults SEED can be had`,
    );
  if (only !== undefined && fleet !== undefined) throw new UsageError('--fleet: with --only there are no machines');
  const ports = readPorts(values);
  return {
    once: values.once,
    ...(report !== undefined && { report }),
    seed: whole('--seed', values.seed, 2 ** 31),
    ...befalls,
    ...(values.faults !== undefined && { faults: whole('--faults', values.faults, 2 ** 31) }),
    ...ports,
    app: values.app,
    directory: values.directory,
    settings: values.settings,
    ...(only !== undefined && { only }),
    json: values.json,
    help: values.help,
  };
}

/** How many ports the stand takes from its first one on. */
const STAND_PORTS = 60;

/** The app's port among the stand's would be named as taken by somebody else, and only after the stand is up. */
function readPorts(values: {
  readonly port: string;
  readonly 'base-port': string;
}): Pick<Options, 'port' | 'basePort'> {
  const port = whole('--port', values.port, 65_535);
  const basePort = whole('--base-port', values['base-port'], 65_400);
  const last = basePort + STAND_PORTS - 1;
  if (basePort !== 0 && port >= basePort && port <= last)
    throw new UsageError(
      `--port ${port}: the stand takes ${basePort} to ${last}; choose one outside, or another --base-port`,
    );
  return { port, basePort };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        report: { type: 'string' },
        seed: { type: 'string', default: '1' },
        fault: { type: 'string' },
        fleet: { type: 'string' },
        faults: { type: 'string' },
        port: { type: 'string', default: '7071' },
        'base-port': { type: 'string', default: '8440' },
        app: { type: 'string', default: '.' },
        directory: { type: 'string', default: '.stand' },
        settings: { type: 'string', default: 'local.settings.json' },
        only: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** A fleet is as large as the documented buckets are worth trying; a fault is one of the fleet, or of the estate. */
function readFaults(values: {
  readonly fault?: string;
  readonly fleet?: string;
}): Pick<Options, 'fault' | 'fleet' | 'fleetFault'> {
  if (values.fleet === undefined) {
    const fault = readFault(values.fault);
    return fault === undefined ? {} : { fault };
  }
  const fleet = whole('--fleet', values.fleet, MOST_MACHINES);
  if (fleet === 0) throw new UsageError('--fleet 0: there is nothing to renew; write a number of machines from 1 on');
  if (values.fault === undefined) return { fleet };
  if (!isFleetFault(values.fault))
    throw new UsageError(`--fault ${values.fault}: with --fleet there are ${fleetFaultNames.join(', ')}`);
  return { fleet, fleetFault: values.fault };
}

function readFault(text: string | undefined): FaultName | undefined {
  if (text === undefined) return undefined;
  const fault = faultNamed(text);
  if (fault === undefined) throw new UsageError(`--fault ${text}: there are\n${inLines(faultNames)}`);
  return fault;
}

/** Names, as many as fit into each line. */
function inLines(names: readonly string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const longer = `${lines.at(-1) ?? ''} ${name}`;
    if (lines.length > 0 && longer.length <= LINE_CHARACTERS) lines[lines.length - 1] = longer;
    else lines.push(`                      ${name}`);
  }
  return lines.join('\n');
}

function isAlone(text: string): text is Alone {
  return Object.hasOwn(alone, text);
}

function whole(option: string, text: string, max: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > max)
    throw new UsageError(`${option} ${text}: write a whole number from 0 to ${max}`);
  return number;
}
