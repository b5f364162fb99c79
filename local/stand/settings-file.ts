import { readFile, writeFile } from 'node:fs/promises';

const SAMPLE = 'local.settings.sample.json';

/**
 * Writes the stand's settings into a settings file, which is made from the sample when it is not there. Settings of the
 * user's own stay as they are.
 */
export async function writeSettings(values: Readonly<Record<string, string>>, file: string): Promise<void> {
  const known = parse((await textOf(file)) ?? (await textOf(SAMPLE)) ?? '{}', file);
  const merged = { ...known, Values: { ...known.Values, ...values } };
  try {
    await writeFile(file, `${JSON.stringify(merged, null, 2)}\n`);
  } catch (cause) {
    throw new SettingsFileError(`${file} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

/** Settings with which the app opens its storage with the key, past tokens and roles: to be laid over the stand's. */
export function byConnection(connectionString: string): Readonly<Record<string, string>> {
  return {
    PERENNIAL_STORAGE_CONNECTION: connectionString,
    PERENNIAL_TABLE_ENDPOINT: '',
    PERENNIAL_BLOB_ENDPOINT: '',
  };
}

/** A settings file that cannot be read or written. */
export class SettingsFileError extends Error {
  override readonly name = 'SettingsFileError';
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new SettingsFileError(`${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** What is not an object with `Values` in it is never overwritten: it may be somebody's work. */
function parse(text: string, file: string): { Values?: Record<string, string> } {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed) && (!('Values' in parsed) || isObject(parsed.Values))) return parsed;
  } catch (cause) {
    throw new SettingsFileError(`${file} is not JSON (${messageOf(cause)}): ${MEND}`, { cause });
  }
  throw new SettingsFileError(`${file} holds no settings: ${MEND}`);
}

const MEND = 'mend it, or delete it to get a new one from the sample.';

function isObject(value: unknown): value is Record<string, Record<string, string>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
