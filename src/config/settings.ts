import { RenewalError } from '../errors.ts';
import type { Estate } from '../plan/types.ts';
import { isLoopback } from './loopback.ts';
import {
  type EstateSource,
  type Parsed,
  parseBoolean,
  parseClientId,
  parseCount,
  parseEmulatorConnection,
  parseEndpoint,
  parseEstateSource,
  parseName,
  parseOrigin,
  parseQueueName,
} from './parse.ts';
import { parseSchedule } from './schedule.ts';

/** One app setting. The table below makes the parser, the docs and the sample file. */
export interface Setting<T = unknown> {
  readonly name: `PERENNIAL_${string}`;
  readonly required: boolean;
  readonly secret: boolean;
  /** Used when the setting is absent. */
  readonly default?: string;
  readonly meaning: string;
  /** As it looks in Azure. */
  readonly example: string;
  /** The value in `local.settings.sample.json`; absent when the sample leaves the setting out. */
  readonly sample?: string;
  /** Refused in Azure, so that the Bicep files leave it out; they set every other one. */
  readonly standOnly?: true;
  readonly parse: (text: string) => Parsed<T>;
}

export const settings = {
  estate: {
    name: 'PERENNIAL_ESTATE',
    required: true,
    secret: false,
    meaning: 'The estate file: a path, or the https URL of a blob that the renewer identity may read.',
    example: 'https://contosoperennial.blob.core.windows.net/config/estate.yaml',
    sample: 'estate.yaml',
    parse: parseEstateSource,
  },
  storageConnection: {
    name: 'PERENNIAL_STORAGE_CONNECTION',
    required: false,
    secret: true,
    meaning: 'Connection string of a storage emulator. In Azure set the two endpoints instead.',
    example: 'UseDevelopmentStorage=true',
    sample: 'UseDevelopmentStorage=true',
    standOnly: true,
    parse: parseEmulatorConnection,
  },
  tableEndpoint: {
    name: 'PERENNIAL_TABLE_ENDPOINT',
    required: false,
    secret: false,
    meaning: 'Table endpoint of the storage account, opened with the renewer identity.',
    example: 'https://contosoperennial.table.core.windows.net',
    parse: parseEndpoint,
  },
  blobEndpoint: {
    name: 'PERENNIAL_BLOB_ENDPOINT',
    required: false,
    secret: false,
    meaning: 'Blob endpoint of the storage account, opened with the renewer identity.',
    example: 'https://contosoperennial.blob.core.windows.net',
    parse: parseEndpoint,
  },
  renewerClientId: {
    name: 'PERENNIAL_RENEWER_CLIENT_ID',
    required: false,
    secret: false,
    meaning: 'Client id of the user-assigned identity for vaults and storage; absent: the system-assigned one.',
    example: '6b1f0c1e-6f4e-4c55-9a4e-0d6a3e0b7c11',
    parse: parseClientId,
  },
  deployerClientId: {
    name: 'PERENNIAL_DEPLOYER_CLIENT_ID',
    required: false,
    secret: false,
    meaning: 'Client id of the user-assigned identity for targets; absent: the renewer identity.',
    example: '0e9b7c52-3d3c-4f43-8a51-5f3f0a2f9d20',
    parse: parseClientId,
  },
  armEndpoint: {
    name: 'PERENNIAL_ARM_ENDPOINT',
    required: false,
    secret: false,
    default: 'https://management.azure.com',
    meaning: 'Azure Resource Manager.',
    example: 'https://management.azure.com',
    sample: 'https://management.azure.com',
    parse: parseOrigin,
  },
  sweepSchedule: {
    name: 'PERENNIAL_SWEEP_SCHEDULE',
    required: false,
    secret: false,
    default: '0 0 * * * *',
    meaning: 'When the sweep runs (NCRONTAB with six fields, UTC).',
    example: '0 0 * * * *',
    sample: '0 0 * * * *',
    parse: parseSchedule,
  },
  watchdogSchedule: {
    name: 'PERENNIAL_WATCHDOG_SCHEDULE',
    required: false,
    secret: false,
    default: '30 * * * * *',
    meaning: 'When the watchdog looks for stuck renewals and starts what waits for its turn (NCRONTAB, UTC).',
    example: '30 * * * * *',
    sample: '30 * * * * *',
    parse: parseSchedule,
  },
  heartbeatSchedule: {
    name: 'PERENNIAL_HEARTBEAT_SCHEDULE',
    required: false,
    secret: false,
    default: '0 */15 * * * *',
    meaning: 'When a heartbeat is started (NCRONTAB, UTC); one that is older than 30 minutes makes the app unhealthy.',
    example: '0 */15 * * * *',
    sample: '0 */15 * * * *',
    parse: parseSchedule,
  },
  startsPerVault: {
    name: 'PERENNIAL_STARTS_PER_VAULT',
    required: false,
    secret: false,
    default: '10',
    meaning:
      'How many renewals of one vault start by themselves in ten seconds, the most urgent first; Key Vault makes 20 software keys (10 in an HSM) in that time, for everybody together.',
    example: '10',
    sample: '10',
    parse: parseCount,
  },
  verifyVaultChallenge: {
    name: 'PERENNIAL_VERIFY_VAULT_CHALLENGE',
    required: false,
    secret: false,
    default: 'true',
    meaning:
      'Whether a token is sent only to a host that its own audience names. `false` is refused unless every vault is on a loopback host.',
    example: 'true',
    sample: 'true',
    parse: parseBoolean,
  },
  appName: {
    name: 'PERENNIAL_APP_NAME',
    required: false,
    secret: false,
    meaning:
      'The name under which the lease on the estate is held: one app at a time looks after it, with all its instances. Absent: the name of the Function App and its slot.',
    example: 'contoso-perennial',
    parse: parseName,
  },
  publicUrl: {
    name: 'PERENNIAL_PUBLIC_URL',
    required: false,
    secret: false,
    meaning: 'Base of the addresses in answers, when a gateway stands before the app; absent: the address of the call.',
    example: 'https://certificates.contoso.example',
    parse: parseOrigin,
  },
  eventQueue: {
    name: 'PERENNIAL_EVENT_QUEUE',
    required: false,
    secret: false,
    meaning: 'Queue in the storage of the host that Event Grid delivers to; absent: Event Grid calls the app.',
    example: 'certificate-events',
    parse: parseQueueName,
  },
} as const satisfies Record<string, Setting>;

/** Tables and blobs, either by an emulator's connection string or by endpoints and the app's identity. */
export type StorageSettings =
  | { readonly kind: 'connection'; readonly connectionString: string }
  | { readonly kind: 'identity'; readonly tableEndpoint: string; readonly blobEndpoint: string };

/** The app's settings, validated. */
export interface Settings {
  readonly estate: EstateSource;
  readonly storage: StorageSettings;
  readonly renewerClientId?: string;
  readonly deployerClientId?: string;
  readonly armEndpoint: string;
  readonly sweepSchedule: string;
  readonly watchdogSchedule: string;
  readonly heartbeatSchedule: string;
  readonly startsPerVault: number;
  readonly verifyVaultChallenge: boolean;
  readonly appName: string;
  readonly publicUrl?: string;
  readonly eventQueue?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings from an environment; throws one `settings-invalid` that names every problem. */
export function readSettings(env: Environment): Settings {
  const reader = readerOf(env);
  const values = valuesOf(reader, siteName(env));
  const problems = [...reader.problems, ...unknownNames(env), ...forbiddenVariables(env)];
  if (values === undefined || problems.length > 0) throw invalid(problems);
  return values;
}

/**
 * Without challenge verification any host could ask for a vault token, so that it may be off only where no other machine
 * can be meant.
 */
export function assertChallengeRule(
  { verifyVaultChallenge }: Pick<Settings, 'verifyVaultChallenge'>,
  estate: Pick<Estate, 'vaults' | 'issuers'>,
): void {
  if (verifyVaultChallenge) return;
  const uris = [...estate.vaults.map(({ uri }) => uri), ...Object.values(estate.issuers).map((ca) => ca.certificate)];
  const distant = uris.filter((uri) => !isLoopback(new URL(uri).hostname));
  if (distant.length === 0) return;
  const name = settings.verifyVaultChallenge.name;
  throw invalid([
    `${name} is false, which only loopback vaults allow; set it to true, because of ${distant.join(', ')}`,
  ]);
}

interface Reader {
  readonly problems: readonly string[];
  has(setting: Setting): boolean;
  read<T>(setting: Setting<T>): T | undefined;
  complain(problem: string): void;
}

/** A blank setting counts as absent: the portal cannot tell the two apart either. */
function readerOf(env: Environment): Reader {
  const problems: string[] = [];
  const textOf = (setting: Setting) => env[setting.name]?.trim() || undefined;
  return {
    problems,
    has: (setting) => textOf(setting) !== undefined,
    complain: (problem) => problems.push(problem),
    read: (setting) => {
      const text = textOf(setting) ?? setting.default;
      if (text === undefined) {
        if (setting.required) problems.push(`${setting.name} is missing: ${setting.meaning}`);
        return undefined;
      }
      const parsed = setting.parse(text);
      if ('value' in parsed) return parsed.value;
      problems.push(`${setting.name} ${parsed.problem}`);
      return undefined;
    },
  };
}

/** Reads every setting, so that every problem is heard of; `undefined` when one that must be there is not. */
function valuesOf(reader: Reader, usualName: string): Settings | undefined {
  const estate = reader.read(settings.estate);
  const storage = storageOf(reader);
  const renewerClientId = reader.read(settings.renewerClientId);
  const deployerClientId = reader.read(settings.deployerClientId);
  const armEndpoint = reader.read(settings.armEndpoint);
  const sweepSchedule = reader.read(settings.sweepSchedule);
  const watchdogSchedule = reader.read(settings.watchdogSchedule);
  const heartbeatSchedule = reader.read(settings.heartbeatSchedule);
  const startsPerVault = reader.read(settings.startsPerVault);
  const verifyVaultChallenge = reader.read(settings.verifyVaultChallenge);
  const appName = reader.read(settings.appName) ?? usualName;
  const publicUrl = reader.read(settings.publicUrl);
  const eventQueue = reader.read(settings.eventQueue);
  if (estate === undefined || storage === undefined || armEndpoint === undefined) return undefined;
  if (sweepSchedule === undefined || watchdogSchedule === undefined) return undefined;
  if (heartbeatSchedule === undefined || startsPerVault === undefined) return undefined;
  if (verifyVaultChallenge === undefined) return undefined;
  return {
    ...{
      estate,
      storage,
      armEndpoint,
      sweepSchedule,
      watchdogSchedule,
      heartbeatSchedule,
      startsPerVault,
      verifyVaultChallenge,
      appName,
    },
    ...(renewerClientId === undefined ? {} : { renewerClientId }),
    ...(deployerClientId === undefined ? {} : { deployerClientId }),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(eventQueue === undefined ? {} : { eventQueue }),
  };
}

/** The Functions host names app and slot; two slots with one estate are two apps. */
function siteName({ WEBSITE_SITE_NAME: site, WEBSITE_SLOT_NAME: slot }: Environment): string {
  if (site === undefined || site === '') return 'perennial';
  return slot === undefined || slot === '' || slot.toLowerCase() === 'production' ? site : `${site}-${slot}`;
}

function storageOf(reader: Reader): StorageSettings | undefined {
  const { storageConnection, tableEndpoint, blobEndpoint } = settings;
  const connectionString = reader.read(storageConnection);
  const table = reader.read(tableEndpoint);
  const blob = reader.read(blobEndpoint);
  const endpoints = [tableEndpoint, blobEndpoint].filter((setting) => reader.has(setting));
  if (reader.has(storageConnection) && endpoints.length > 0) {
    reader.complain(`${storageConnection.name} and ${namesOf(endpoints)} are both set; keep one of the two ways`);
  }
  if (!reader.has(storageConnection) && endpoints.length < 2) {
    reader.complain(
      `${namesOf([tableEndpoint, blobEndpoint])} are missing; set both (or ${storageConnection.name} for an emulator)`,
    );
  }
  if (connectionString !== undefined) return { kind: 'connection', connectionString };
  if (table === undefined || blob === undefined) return undefined;
  return { kind: 'identity', tableEndpoint: table, blobEndpoint: blob };
}

function namesOf(list: readonly Setting[]): string {
  return list.map(({ name }) => name).join(' and ');
}

function unknownNames(env: Environment): readonly string[] {
  const known = new Set<string>(Object.values(settings).map(({ name }) => name));
  const unknown = Object.keys(env).filter((name) => /^PERENNIAL_/i.test(name) && !known.has(name));
  return unknown.map((name) => `${name} is no setting of Perennial; remove it, or mend its spelling`);
}

function forbiddenVariables(env: Environment): readonly string[] {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return [];
  return ['NODE_TLS_REJECT_UNAUTHORIZED is 0, which turns every TLS check off; remove it'];
}

function invalid(problems: readonly string[]): RenewalError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return new RenewalError('settings-invalid', `settings: ${count}: ${problems.map((line) => `\n- ${line}`).join('')}`);
}
