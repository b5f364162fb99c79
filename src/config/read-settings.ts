import { RenewalError } from '../errors.ts';
import type { Target } from '../plan/targets/target.ts';
import type { Estate, IssuerPlan } from '../plan/types.ts';
import { isLoopback } from './loopback.ts';
import { type Setting, settings } from './settings.ts';

/** Tables and blobs, either by an emulator's connection string or by endpoints and the app's identity. */
export type StorageSettings =
  | { readonly kind: 'connection'; readonly connectionString: string }
  | { readonly kind: 'identity'; readonly tableEndpoint: string; readonly blobEndpoint: string };

type Table = typeof settings;
type Name = keyof Table;
type ValueOf<K extends Name> = Extract<ReturnType<Table[K]['parse']>, { readonly value: unknown }>['value'];

/** Settings that together say where tables and blobs are. */
const ofStorage = ['storageConnection', 'tableEndpoint', 'blobEndpoint'] as const;
type OfStorage = (typeof ofStorage)[number];

/** Has a value in every app that runs: it is required, or has a default. */
type Certain = { [K in Name]: Table[K] extends { required: true } | { default: string } ? K : never }[Name];

/** The app's settings, validated: what the table says of each. */
export type Settings = { readonly [K in Exclude<Certain, OfStorage>]: ValueOf<K> } & {
  readonly [K in Exclude<Name, Certain | OfStorage | 'appName'>]?: ValueOf<K>;
} & { readonly storage: StorageSettings; readonly appName: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings from an environment; throws one `settings-invalid` that names every problem. */
export function readSettings(env: Environment): Settings {
  const reader = readerOf(env);
  const values: Record<string, unknown> = { appName: siteName(env) };
  for (const [key, setting] of Object.entries<Setting>(settings)) {
    const value = ofStorage.some((name) => name === key) ? undefined : reader.read(setting);
    if (value !== undefined) values[key] = value;
  }
  values.storage = storageOf(reader);
  const problems = [...reader.problems, ...unknownNames(env), ...forbiddenVariables(env)];
  if (problems.length > 0) throw invalid(problems);
  // Without a problem every value that is certain has been read, by the parser that gives it its type.
  return values as Settings;
}

/**
 * Without challenge verification any host could ask for a vault token, so that it may be off only where no other machine
 * can be meant.
 */
export function assertChallengeRule(
  { verifyVaultChallenge }: Pick<Settings, 'verifyVaultChallenge'>,
  estate: Pick<Estate, 'vaults' | 'issuers' | 'certificates'>,
): void {
  if (verifyVaultChallenge) return;
  const targets = estate.certificates.flatMap((certificate) => certificate.targets);
  const used = [...Object.values(estate.issuers), ...targets].flatMap(vaultObjects);
  const uris = [...estate.vaults.map(({ uri }) => uri), ...used];
  const distant = uris.filter((uri) => !isLoopback(new URL(uri).hostname));
  if (distant.length === 0) return;
  const name = settings.verifyVaultChallenge.name;
  throw invalid([
    `${name} is false, which only loopback vaults allow; set it to true, because of ${distant.join(', ')}`,
  ]);
}

const NAMED = 5;

/** While nobody looks, what an earlier look has found may be long gone: nothing is deployed on its word. */
export function assertUsesRule(
  { usesHours }: Pick<Settings, 'usesHours'>,
  { certificates }: Pick<Estate, 'certificates'>,
): void {
  const lost = usesHours === 0 ? certificates.filter(({ discover }) => discover) : [];
  if (lost.length === 0) return;
  const names = lost.slice(0, NAMED).map(({ vault, name }) => `${vault}/${name}`);
  const more = lost.length > NAMED ? ` and ${lost.length - NAMED} more` : '';
  const need = `"discover: true" of ${names.join(', ')}${more} needs the look`;
  throw invalid([
    `${settings.usesHours.name} is 0, so that nobody looks where certificates are used; ${need}: set hours`,
  ]);
}

const VAULT_OBJECT = /^https:\/\/[^/]+\/(?:certificates|keys|secrets)\/[0-9A-Za-z-]{1,127}$/;

/** The ids of what an issuer or a target uses in a vault, wherever they stand in it: no kind can be forgotten. */
function vaultObjects(user: IssuerPlan | Target): readonly string[] {
  return textsOf(user).filter((text) => VAULT_OBJECT.test(text));
}

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
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
  const lines = problems.map((line) => `\n- ${line}`).join('');
  return new RenewalError('settings-invalid', `settings: ${count}: ${lines}`, { problems });
}
