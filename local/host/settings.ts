import { copyFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { HostError, messageOf } from './host-error.ts';
import { readJson } from './json-file.ts';
import type { DurableOptions } from './types.ts';

/** host.json, as far as this host reads it. */
export interface HostConfiguration {
  readonly routePrefix: string;
  readonly durable: DurableOptions;
  readonly queues: QueueOptions;
  /** Sections that this host has no use for. */
  readonly ignored: readonly string[];
}

export interface QueueOptions {
  readonly maxDequeueCount: number;
  readonly batchSize: number;
  readonly messageEncoding: 'base64' | 'none';
  /** As a TimeSpan, `hh:mm:ss`. */
  readonly visibilityTimeout: string;
  readonly maxPollingInterval: string;
}

/** local.settings.json. */
export interface LocalSettings {
  readonly values: Readonly<Record<string, string>>;
  readonly port?: number;
  /** True when the file was just made from the sample. */
  readonly created: boolean;
}

// The extension's defaults are ten a core (measured against its documentation for dedicated plans).
const durableTask = z.looseObject({
  hubName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9]{2,44}$/, 'is no hub name: 3 to 45 letters and digits, a letter first')
    .default('TestHubName'),
  defaultVersion: z.string().optional(),
  versionMatchStrategy: z.enum(['None', 'Strict', 'CurrentOrOlder']).default('CurrentOrOlder'),
  versionFailureStrategy: z.enum(['Reject', 'Fail']).default('Reject'),
  overridableExistingInstanceStates: z.enum(['NonRunningStates', 'AnyState']).default('NonRunningStates'),
  maxConcurrentActivityFunctions: z.int().positive().optional(),
  maxConcurrentOrchestratorFunctions: z.int().positive().optional(),
});
const timeSpan = z.string().regex(/^(\d+\.)?\d{1,2}:\d{1,2}:\d{1,2}$/, 'is no time span "hh:mm:ss"');
const queues = z.looseObject({
  maxDequeueCount: z.int().positive().default(5),
  batchSize: z.int().min(1).max(32).default(16),
  messageEncoding: z.enum(['base64', 'none']).default('base64'),
  visibilityTimeout: timeSpan.default('00:00:00'),
  maxPollingInterval: timeSpan.default('00:00:02'),
});
const extensions = z.looseObject({
  http: z.looseObject({ routePrefix: z.string().default('api') }).prefault({}),
  durableTask: durableTask.prefault({}),
  queues: queues.prefault({}),
});
const hostFile = z.looseObject({ version: z.literal('2.0'), extensions: extensions.prefault({}) });
const settingsFile = z.looseObject({
  IsEncrypted: z.literal(false, 'must be false: encrypted settings can be read by the Core Tools only').default(false),
  Values: z.record(z.string(), z.string()).default({}),
  Host: z.looseObject({ LocalHttpPort: z.int().min(0).max(65_535).optional() }).prefault({}),
});

const READ_SECTIONS = new Set(['version', 'extensions', '$schema']);

/** Reads host.json; `%NAME%` in it is resolved from the app's settings. Throws `HostError`. */
export async function readHostConfiguration(
  appDirectory: string,
  settings: Readonly<Record<string, string>>,
): Promise<HostConfiguration> {
  const file = join(appDirectory, 'host.json');
  const found = await readJson(file);
  if (found === undefined) throw new HostError(`${file} is missing: a Functions app needs it.`);
  return hostConfiguration(resolveAll(found, { settings, where: file }), file);
}

export function hostConfiguration(json: unknown, file: string): HostConfiguration {
  const parsed = checked(hostFile, json, file);
  const { http, durableTask: durable, queues: queueOptions } = parsed.extensions;
  const perCore = 10 * cpus().length;
  return {
    routePrefix: http.routePrefix.replace(/^\/+|\/+$/g, ''),
    durable: {
      hubName: durable.hubName,
      versionMatchStrategy: durable.versionMatchStrategy,
      versionFailureStrategy: durable.versionFailureStrategy,
      overridableExistingInstanceStates: durable.overridableExistingInstanceStates,
      maxConcurrentActivityFunctions: durable.maxConcurrentActivityFunctions ?? perCore,
      maxConcurrentOrchestratorFunctions: durable.maxConcurrentOrchestratorFunctions ?? perCore,
      ...(durable.defaultVersion === undefined ? {} : { defaultVersion: durable.defaultVersion }),
    },
    queues: queueOptions,
    ignored: Object.keys(parsed).filter((section) => !READ_SECTIONS.has(section)),
  };
}

/** Reads the app's settings; the first start makes the file from `local.settings.sample.json` beside it. */
export async function readLocalSettings(file: string, sample: string): Promise<LocalSettings> {
  const found = await readJson(file);
  if (found !== undefined) return { ...localSettings(found, file), created: false };
  const example = await readJson(sample);
  if (example === undefined) return { values: {}, created: false };
  const settings = localSettings(example, sample);
  await copySample(sample, file);
  return { ...settings, created: true };
}

function localSettings(json: unknown, file: string): Omit<LocalSettings, 'created'> {
  const { Values: values, Host: host } = checked(settingsFile, json, file);
  return { values, ...(host.LocalHttpPort === undefined ? {} : { port: host.LocalHttpPort }) };
}

async function copySample(sample: string, file: string): Promise<void> {
  try {
    await copyFile(sample, file);
  } catch (error) {
    throw new HostError(`${file} cannot be made from ${sample}: ${messageOf(error)}`, { cause: error });
  }
}

function checked<T>(schema: z.ZodType<T>, json: unknown, file: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
  throw new HostError(`${file}: ${mistakes.join('; ')}`);
}

export interface Resolving {
  readonly settings: Readonly<Record<string, string>>;
  /** Named in the error. */
  readonly where: string;
}

/** Replaces each `%NAME%` by the setting. A missing setting is an error, as it is in Azure. */
export function resolveExpressions(text: string, { settings, where }: Resolving): string {
  return text.replace(/%([^%\s]+)%/g, (_, name: string) => {
    const value = settings[name];
    if (value === undefined) throw new HostError(`${where}: "%${name}%" names a setting that does not exist.`);
    return value;
  });
}

function resolveAll(value: unknown, resolving: Resolving): unknown {
  if (typeof value === 'string') return resolveExpressions(value, resolving);
  if (Array.isArray(value)) return value.map((item) => resolveAll(item, resolving));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveAll(item, resolving)]));
}
