import { copyFile, readFile, writeFile } from 'node:fs/promises';

/**
 * Writes the stand's settings into `local.settings.json`, which is made from the sample when it is not there. Settings of
 * the user's own stay as they are.
 */
export async function writeSettings(
  values: Readonly<Record<string, string>>,
  file = 'local.settings.json',
): Promise<void> {
  const text = await readFile(file, 'utf8').catch(async () => {
    await copyFile('local.settings.sample.json', file);
    return readFile(file, 'utf8');
  });
  const known = parse(text, file);
  await writeFile(file, `${JSON.stringify({ ...known, Values: { ...known.Values, ...values } }, null, 2)}\n`);
}

/** A settings file that cannot be read. */
export class SettingsFileError extends Error {
  override readonly name = 'SettingsFileError';
}

function parse(text: string, file: string): { Values?: Record<string, string> } {
  try {
    return JSON.parse(text) as { Values?: Record<string, string> };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SettingsFileError(
      `${file} is not JSON (${why}): mend it, or delete it to get a new one from the sample.`,
      { cause },
    );
  }
}
