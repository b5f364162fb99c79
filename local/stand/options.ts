import { parseArgs } from 'node:util';

/** Faults that the demo can be given, as controls that its checks are real. */
export const faults = {
  'issuer.wrong-key': 'The issuer answers one order with a certificate for another key.',
  'target.lies': 'One site says that it took the new certificate and goes on serving the old one.',
} as const;
export type Fault = keyof typeof faults;

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
  readonly fault?: Fault;
  /** Port of the app's HTTP endpoint. */
  readonly port: number;
  /** First port of the stand: emulators and sites follow. 0: any free ones. */
  readonly basePort: number;
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

export const usage = `Usage: npm start -- [options]      renew the seeded estate, then stay up
       npm run stand -- [options]  only the stand: emulators, sites and settings

  --once              end after the renewals; exit code 0 only if every one ended as it must
  --report FILE       write what happened as JSON
  --seed N            other names, another estate (default 1)
  --fault NAME        ${Object.keys(faults).join(' | ')}
  --port N            port of the app (default 7071; 0: any free one)
  --base-port N       first port of the stand (default 8440; 0: any free ports)
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
  const { report, fault, only } = values;
  if (fault !== undefined && !isFault(fault))
    throw new UsageError(`--fault ${fault}: there are ${Object.keys(faults).join(' and ')}`);
  if (only !== undefined && !isAlone(only))
    throw new UsageError(`--only ${only}: there are ${Object.keys(alone).join(', ')}`);
  const ports = readPorts(values);
  return {
    once: values.once,
    ...(report !== undefined && { report }),
    seed: whole('--seed', values.seed, 2 ** 31),
    ...(fault !== undefined && { fault }),
    ...ports,
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
        port: { type: 'string', default: '7071' },
        'base-port': { type: 'string', default: '8440' },
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

function isFault(text: string): text is Fault {
  return Object.hasOwn(faults, text);
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
