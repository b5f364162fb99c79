import { readFile } from 'node:fs/promises';
import { HostError, messageOf } from './host-error.ts';
import { firstMistake } from './json-mistake.ts';

/** The file's JSON, or `undefined` when there is no such file. Throws `HostError` with file, line and column. */
export async function readJson(file: string): Promise<unknown> {
  const text = await textOf(file);
  // A byte order mark is let through: editors on Windows write one.
  return text === undefined ? undefined : parseJson(text.replace(/^\uFEFF/, ''), file);
}

function parseJson(json: string, file: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new HostError(`${file}:${mistake(json)}`);
  }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new HostError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function mistake(json: string): string {
  const at = firstMistake(json);
  const lines = json.slice(0, at).split('\n');
  const found = at >= json.length ? 'the text ends too early' : `unexpected ${JSON.stringify(json[at])}`;
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}: no valid JSON: ${found}`;
}
