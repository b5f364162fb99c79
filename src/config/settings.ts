import {
  type Parsed,
  parseBoolean,
  parseClientId,
  parseCount,
  parseEmulatorConnection,
  parseEndpoint,
  parseEstateSource,
  parseHours,
  parseName,
  parseOrigin,
  parseQueueName,
  parseWorkspace,
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
  logWorkspace: {
    name: 'PERENNIAL_LOG_WORKSPACE',
    required: false,
    secret: false,
    meaning:
      'Workspace ID of the Log Analytics workspace that the audit logs of the vaults are sent to (table AZKVAuditLogs). Absent: nobody looks whether events still arrive, and who read a certificate is not told.',
    example: '0f6f2a5e-5a0e-4b51-9d0f-4f1f0f6c2b77',
    parse: parseWorkspace,
  },
  readerClientId: {
    name: 'PERENNIAL_READER_CLIENT_ID',
    required: false,
    secret: false,
    meaning:
      'Client id of the user-assigned identity for that workspace, and for looking where certificates are used; absent: the renewer identity.',
    example: '9a3c1d52-7f1e-4a43-8b51-1c3f0a2f9d31',
    parse: parseClientId,
  },
  logEndpoint: {
    name: 'PERENNIAL_LOG_ENDPOINT',
    required: false,
    secret: false,
    default: 'https://api.loganalytics.azure.com',
    meaning: 'The query API of Log Analytics; another cloud has another.',
    example: 'https://api.loganalytics.azure.com',
    parse: parseOrigin,
  },
  usesHours: {
    name: 'PERENNIAL_USES_HOURS',
    required: false,
    secret: false,
    default: '12',
    meaning:
      'After how many hours the sweep looks again where certificates are used, by Azure Resource Graph with the reader identity; 0: never, and no certificate may say `discover: true`.',
    example: '12',
    parse: parseHours,
  },
  crlSchedule: {
    name: 'PERENNIAL_CRL_SCHEDULE',
    required: false,
    secret: false,
    default: '0 20 * * * *',
    meaning: 'When internal CAs look whether a new CRL has to be published (NCRONTAB, UTC).',
    example: '0 20 * * * *',
    parse: parseSchedule,
  },
  eventPathSchedule: {
    name: 'PERENNIAL_EVENT_PATH_SCHEDULE',
    required: false,
    secret: false,
    default: '0 10 */6 * * *',
    meaning: 'When the event paths are checked against the audit log (NCRONTAB, UTC).',
    example: '0 10 */6 * * *',
    parse: parseSchedule,
  },
  startsPerVault: {
    name: 'PERENNIAL_STARTS_PER_VAULT',
    required: false,
    secret: false,
    default: '10',
    meaning:
      'How many renewals of one vault start by themselves, or try again for a key, in ten seconds; Key Vault makes 20 software keys (10 in an HSM) in that time, for everybody together.',
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
