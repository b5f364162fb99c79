import { z } from 'zod';
import { sha256Hex } from '../certificate/fingerprint.ts';
import type { Guest } from '../plan/targets/guest.ts';
import type { Probe, VersionToServe } from './port.ts';
import { linuxScript } from './scripts/linux.ts';
import { windowsScript } from './scripts/windows.ts';

/** What the script is run for. */
export type CommandMode = 'deploy' | 'roll-back';

/** One run of the script on a machine: what it is told. */
export interface Command {
  readonly guest: Guest;
  readonly mode: CommandMode;
  readonly version: VersionToServe;
  /** Digits that count up. Written again with other ones a command runs again; with the same ones it is the same command. */
  readonly asked: string;
}

/** How long the script may reload and report, beyond its wait. */
const REPORT_SECONDS = 60;

/** Files and processes have whole seconds, by different clocks of one machine; the script itself looks more closely. */
const CLOCK_SECONDS = 2;

/** The name of the managed run command: one for each target and certificate, written again by each renewal. */
export function commandName(targetId: string, { vault, name }: VersionToServe): string {
  const slug = name.toLowerCase().slice(0, 40);
  return `perennial-${slug}-${sha256Hex(Buffer.from(`${vault}/${name} ${targetId}`.toLowerCase())).slice(0, 12)}`;
}

/**
 * The body of a managed run command (Microsoft.Compute virtualMachines/runCommands, Create Or Update). The script is the
 * same bytes for every target. Provisioning ends when it starts, so that the machine is free for other commands; the end is
 * read from the instance view.
 */
export function commandBody(command: Command, location: string): unknown {
  const { guest } = command;
  return {
    location,
    properties: {
      source: { script: guest.os === 'linux' ? linuxScript : windowsScript },
      parameters: parametersOf(command).map(([name, value]) => ({ name: `PERENNIAL_${name}`, value })),
      asyncExecution: true,
      timeoutInSeconds: guest.waitSeconds + REPORT_SECONDS,
      treatFailureAsDeploymentFailure: false,
    },
  };
}

/** Always named: only those without a name become part of a command line. An empty one would be left out by the agent. */
function parametersOf({ guest, mode, version, asked }: Command): readonly (readonly [string, string])[] {
  const { os, path, service, apply, iis, waitSeconds } = guest;
  const given: readonly (readonly [string, string | undefined])[] = [
    ['MODE', mode],
    ['RENEWAL', version.renewalId],
    ['ASKED', asked],
    ['WANT', version.sha256],
    ['PATH', path],
    ['SERVICE', service],
    ['APPLY', os === 'linux' && service !== undefined ? (apply ?? 'reload') : undefined],
    ['SITE_PORT', iis && String(iis.port)],
    ['SITE_HOST', iis?.host],
    ['WAIT', String(waitSeconds)],
  ];
  return given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

const commandShape = z.looseObject({
  properties: z.looseObject({
    provisioningState: z.string().nullish(),
    parameters: z.array(z.looseObject({ name: z.string().nullish(), value: z.string().nullish() })).nullish(),
    instanceView: z
      .looseObject({
        executionState: z.string().nullish(),
        executionMessage: z.string().nullish(),
        exitCode: z.number().nullish(),
        output: z.string().nullish(),
        error: z.string().nullish(),
      })
      .nullish(),
  }),
});
type CommandProperties = z.infer<typeof commandShape>['properties'];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const seconds = z.int().min(0).max(8_000_000_000);

/** What the script prints. It comes from the machine: nothing of it is believed that does not have this shape. */
const reportShape = z.object({
  perennial: z.literal(1),
  renewal: z.string(),
  asked: z.string(),
  mode: z.string(),
  want: z.string(),
  before: z.union([sha256, z.literal('')]),
  after: z.union([sha256, z.literal('')]),
  serial: z.string().regex(/^[0-9a-f]{0,64}$/),
  notAfter: z.union([z.iso.datetime(), z.literal('')]),
  chain: z.array(sha256).max(10),
  changedAt: seconds.nullable(),
  runningSince: seconds.nullable(),
  reloaded: z.boolean(),
  error: z.string().max(40),
  detail: z.string().max(400).optional(),
});
type Report = z.infer<typeof reportShape>;

/** What a machine's run command says of one command, as a look at the target. */
export function judgeCommand(resource: unknown, command: Omit<Command, 'asked'>, at: string): Probe {
  const properties = commandShape.safeParse(resource).data?.properties;
  if (properties === undefined) return { state: 'pending', at, reason: 'the run command cannot be read' };
  const report = ownReport(properties, command);
  return report === undefined ? judgeState(properties, at) : judgeReport(report, command.guest, at);
}

/** Whether such a command has run, at most `recent` times before this one, and done what it was told. */
export function isDone(resource: unknown, command: Command, recent: number): boolean {
  const properties = commandShape.safeParse(resource).data?.properties;
  const report = properties && ownReport(properties, command);
  if (report === undefined || report.error !== '' || report.after !== report.want) return false;
  return Number(command.asked) - Number(report.asked) <= recent;
}

/** Whether such a command was written, at most `recent` times before this one, however it goes on. */
export function isAsked(resource: unknown, { mode, version, asked }: Command, recent: number): boolean {
  const properties = commandShape.safeParse(resource).data?.properties;
  if (properties === undefined) return false;
  const told = (name: string) => parameterOf(properties, name);
  if (told('MODE') !== mode || told('RENEWAL') !== version.renewalId || told('WANT') !== version.sha256) return false;
  return Number(asked) - Number(told('ASKED') ?? NaN) <= recent;
}

function ownReport(
  properties: CommandProperties,
  { mode, version }: Pick<Command, 'mode' | 'version'>,
): Report | undefined {
  const report = reportOf(properties.instanceView?.output ?? '');
  const isOurs =
    report?.renewal === version.renewalId &&
    report.mode === mode &&
    report.want === version.sha256 &&
    report.asked === parameterOf(properties, 'ASKED');
  return isOurs ? report : undefined;
}

/** The last line of the output that is a report; Azure keeps the last 4096 bytes. */
function reportOf(output: string): Report | undefined {
  const line = output.split(/\r?\n/).findLast((text) => text.startsWith('{"perennial":1,'));
  if (line === undefined) return undefined;
  try {
    return reportShape.safeParse(JSON.parse(line)).data;
  } catch {
    // Cut off, or not ours after all.
    return undefined;
  }
}

function parameterOf({ parameters }: CommandProperties, wanted: string): string | undefined {
  return parameters?.find(({ name }) => name === `PERENNIAL_${wanted}`)?.value ?? undefined;
}

/** Without a report of this command: whether one may still come. */
function judgeState({ provisioningState, instanceView }: CommandProperties, at: string): Probe {
  const { executionState = 'Unknown', executionMessage, exitCode, error } = instanceView ?? {};
  const words = plain([executionMessage, error].filter(Boolean).join(': '));
  switch (executionState) {
    case 'Failed':
    case 'TimedOut':
    case 'Canceled':
      return { state: 'failed', at, reason: `the script ended as ${executionState}, exit code ${exitCode}: ${words}` };
    case 'Succeeded':
      return { state: 'pending', at, reason: 'the run command has a report of another renewal, or none' };
    default:
      if (provisioningState === 'Failed')
        return { state: 'failed', at, reason: `Azure could not start the script on the machine: ${words}` };
      return { state: 'pending', at, reason: `the script is ${plain(executionState ?? 'Unknown').toLowerCase()}` };
  }
}

/** The script's own words for what went wrong, each with what mends it. */
const mendings: Readonly<Record<string, string>> = {
  'not-replaced':
    'the Key Vault extension did not bring the wanted version in time: look at its log, its identity needs Key Vault Secrets User, and on Windows the root has to be in Trusted Root',
  'extension-not-restarted':
    'the wanted version did not come, and the service of the Key Vault extension could not be restarted: install the extension',
  'service-not-running': 'the certificate is there, but the service does not run',
  'reload-failed': 'the certificate is there, but the service refused to take it up',
  'not-reloaded':
    'the certificate is there, but no process of the service began after it came: write apply: restart, or an endpoint',
  'no-binding': 'IIS has no https binding of that port and host name',
  'not-kept': 'the machine does not hold the last good version any more',
  'not-a-link': 'the path is a file of its own, not a link that could go back',
  'not-linked': 'the link could not be set back',
};

function judgeReport(report: Report, guest: Guest, at: string): Probe {
  const { after, want, error, detail, changedAt, runningSince, before, serial, notAfter, chain } = report;
  const failed = (reason: string): Probe => ({ state: 'failed', at, reason });
  if (error !== '')
    return failed(
      [`${mendings[error] ?? 'the script failed'} (${plain(error)})`, plain(detail ?? '')].filter(Boolean).join(': '),
    );
  if (after !== want)
    return failed(`the script reported success, but the machine holds ${after.slice(0, 16) || 'no certificate'}`);
  const isRead = guest.service === undefined || startedAfter(changedAt, runningSince);
  if (!isRead) return failed('the script reported success, but the service runs since before the certificate came');
  if (guest.service === undefined && guest.iis === undefined)
    return {
      state: 'pending',
      at,
      reason: 'the file holds the wanted version; only the endpoint shows whether it is served',
    };
  return {
    ...{ state: 'served', at, sha256: after, serial, notAfter, chain, seenBy: 'report' },
    ...(before !== '' && { before }),
    ...(runningSince !== null && { runningSince: new Date(runningSince * 1000).toISOString() }),
  };
}

function startedAfter(changedAt: number | null, runningSince: number | null): boolean {
  return changedAt !== null && runningSince !== null && runningSince >= changedAt - CLOCK_SECONDS;
}

/** A machine's words for people: one line, printable, short. */
function plain(text: string): string {
  return text
    .slice(0, 10_000)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, 300);
}
