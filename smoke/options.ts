import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf, UsageError } from './errors.ts';
import { at } from './json.ts';
import { type SettingName, type SmokeSetting, smokeSettings } from './settings.ts';
import { readWiring, type Wiring } from './wiring.ts';

/** What a run was told, checked. Nothing has been asked of anybody yet. */
export interface Options {
  readonly mode: 'run' | 'look-only' | 'clean';
  /** Folder of the ledgers that say what has to be cleaned up. */
  readonly directory: string;
  readonly report?: string;
  readonly config: Config;
}

export interface Config {
  readonly subscription: string;
  /** More of them, in which the app has roles. */
  readonly subscriptions: readonly string[];
  /** ARM id of the resource group of the app. */
  readonly group: string;
  readonly appName: string;
  readonly wiring: Wiring;
  readonly appUrl: URL;
  readonly estateUrl: URL;
  readonly arm: URL;
  readonly vault: string;
  readonly issuer?: string;
  readonly site?: string;
  readonly hostName?: string;
  readonly endpoint?: { readonly host: string; readonly port: number };
  readonly eventMinutes: number;
  readonly nearExpirySeconds: number;
  readonly functionKey?: string;
  readonly appScope?: string;
}

type Given = Partial<Record<SettingName, string>>;

const entries = Object.entries(smokeSettings) as readonly (readonly [SettingName, SmokeSetting])[];

/** The text of `--help`. */
export function usage(): string {
  const flags = entries.flatMap(([, { flag, name, meaning }]) =>
    flag === undefined ? [] : [`  --${flag} … (${name})\n      ${meaning}`],
  );
  return `Usage: npm run smoke -- [options]   try a deployment with a certificate that is thrown away

  --look-only         look at roles, events and alerts; make nothing
  --clean             clean up what an earlier run has left, and nothing else
  --config FILE       values by name: the .env of azd, or JSON with the outputs of the deployment
  --report FILE       write the report as JSON (default smoke-report.json)
  --directory DIR     where ledgers are kept until everything is cleaned up (default .smoke)
  --help              this text
${flags.join('\n')}
Names in brackets are read from the environment too. The function key has no flag: other users of a machine see those.`;
}

/** Reads command line, file and environment. Throws `UsageError` with every problem at once, each with its fix. */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options | 'help' {
  const flags = parse(args);
  if (flags.help === true) return 'help';
  const file = typeof flags.config === 'string' ? readConfig(flags.config) : {};
  const given: Given = {};
  for (const [key, { flag, name }] of entries) {
    const value = (flag === undefined ? undefined : flags[flag]) ?? file[name] ?? env[name];
    if (typeof value === 'string' && value !== '') given[key] = value;
  }
  const problems = [...problemsOf(given), ...(flags.clean && flags['look-only'] ? [CLASH] : [])];
  if (problems.length > 0) throw new UsageError(problems);
  const { report, directory } = flags;
  return {
    mode: flags.clean === true ? 'clean' : flags['look-only'] === true ? 'look-only' : 'run',
    directory: typeof directory === 'string' ? directory : '.smoke',
    report: typeof report === 'string' ? report : 'smoke-report.json',
    config: configOf(given),
  };
}

const CLASH = '--look-only and --clean: the one makes nothing, the other cleans up; write one of them';

function parse(args: readonly string[]): Readonly<Record<string, string | boolean | undefined>> {
  const texts = Object.fromEntries(
    entries.flatMap(([, { flag }]) => (flag === undefined ? [] : [[flag, { type: 'string' as const }]])),
  );
  const own = { config: { type: 'string' }, report: { type: 'string' }, directory: { type: 'string' } } as const;
  const switches = { help: { type: 'boolean' }, clean: { type: 'boolean' }, 'look-only': { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options: { ...texts, ...own, ...switches } }).values;
  } catch (error) {
    throw new UsageError([`${messageOf(error)}; npm run smoke -- --help lists the options`]);
  }
}

/** azd writes lines of `NAME="value"` with quotes escaped; JSON may hold objects as they are. */
function readConfig(file: string): Readonly<Record<string, string>> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError([
      `--config ${file}: cannot be read (${messageOf(error)}); name the .env of azd, or a JSON file`,
    ]);
  }
  try {
    return text.trimStart().startsWith('{') ? fromJson(text) : fromLines(text);
  } catch (error) {
    throw new UsageError([
      `--config ${file}: cannot be understood (${messageOf(error)}); write NAME="value" lines or JSON`,
    ]);
  }
}

/** The outputs of a deployment come as `{ NAME: { type, value } }`, with the case of some letters changed. */
function fromJson(text: string): Record<string, string> {
  const values = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const plain = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name.toUpperCase(), plain(at(value, 'value') ?? value)]),
  );
}

function fromLines(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => /^\w+=/.test(line));
  return Object.fromEntries(
    lines.map((line) => {
      const value = line.slice(line.indexOf('=') + 1).trim();
      return [line.slice(0, line.indexOf('=')), value.startsWith('"') ? String(JSON.parse(value)) : value];
    }),
  );
}

function problemsOf(given: Given): readonly string[] {
  const problems = entries.flatMap(([key, setting]) => {
    const value = given[key];
    const where = setting.flag === undefined ? setting.name : `--${setting.flag} (${setting.name})`;
    if (value === undefined) return setting.required ? [`${where}: is missing; write ${setting.what}`] : [];
    const shown = setting.secret ? '' : ` ${JSON.stringify(value.slice(0, 60))}`;
    return setting.valid(value) ? [] : [`${where}${shown}: is not right; write ${setting.what}`];
  });
  return [...problems, ...together(given)];
}

/** What is wrong with values that are right by themselves. */
function together(given: Given): readonly string[] {
  const problems: string[] = [];
  const need = (isThere: boolean, problem: string): void => void (isThere || problems.push(problem));
  need(
    given.appUrl !== undefined || given.appHostName !== undefined,
    '--app-url (SMOKE_APP_URL): is missing, and so is APP_HOST_NAME; write one of them',
  );
  need(
    given.estateUrl !== undefined || given.recordsAccount !== undefined,
    '--estate-url (SMOKE_ESTATE_URL): is missing, and so is RECORDS_ACCOUNT; write one of them',
  );
  need(
    given.site === undefined || given.hostName !== undefined,
    '--host-name (SMOKE_HOST_NAME): is missing; --site needs one of its host names',
  );
  need(
    given.endpoint === undefined || given.site !== undefined,
    '--site (SMOKE_SITE): is missing; --endpoint says where a site is probed',
  );
  if (given.wiring !== undefined && smokeSettings.wiring.valid(given.wiring)) {
    const read = readWiring(given.wiring);
    if (read.state === 'wrong')
      problems.push(`--wiring (EVENT_WIRING): ${read.problem}; write the output of the deployment`);
    else {
      const names = read.wiring.vaults.map(({ name }) => name);
      const isKnown =
        given.vault === undefined || names.some((name) => name.toLowerCase() === given.vault?.toLowerCase());
      need(
        isKnown,
        `--vault (SMOKE_VAULT) "${given.vault}": the deployment does not wire it; write one of ${names.join(', ')}`,
      );
    }
  }
  if (given.appUrl?.startsWith('http:') && !/^http:\/\/(127\.|localhost[:/])/.test(given.appUrl))
    problems.push('--app-url (SMOKE_APP_URL): is http, and the function key goes with each call; write https://');
  return problems;
}

function configOf(given: Given): Config {
  const read = readWiring(given.wiring ?? '');
  if (read.state === 'wrong') throw new UsageError([read.problem]);
  const { wiring } = read;
  const [host, port] = given.endpoint?.split(':') ?? [];
  const { subscription = '', issuer, site, hostName, functionKey, appScope } = given;
  const blob = `https://${given.recordsAccount}.blob.core.windows.net/config/estate.yaml`;
  return {
    ...{ subscription, wiring, appName: given.appName ?? '' },
    subscriptions: given.subscriptions?.split(',') ?? [],
    group: `/subscriptions/${subscription}/resourceGroups/${given.group}`,
    appUrl: new URL(given.appUrl ?? `https://${given.appHostName}`),
    estateUrl: new URL(given.estateUrl ?? blob),
    arm: new URL(given.arm ?? 'https://management.azure.com'),
    vault: given.vault ?? wiring.vaults[0]?.name ?? '',
    eventMinutes: Number(given.eventMinutes ?? 15),
    nearExpirySeconds: Number(given.nearExpirySeconds ?? 300),
    ...(issuer !== undefined && { issuer }),
    ...(site !== undefined && { site }),
    ...(hostName !== undefined && { hostName: hostName.toLowerCase() }),
    ...(host !== undefined && { endpoint: { host, port: Number(port) } }),
    ...(functionKey !== undefined && { functionKey }),
    ...(appScope !== undefined && { appScope }),
  };
}
