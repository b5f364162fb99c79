import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HostError } from '../host-error.ts';
import { readJson } from '../json-file.ts';
import type { HostRequest } from './exchange.ts';

/** The host's keys. Never logged. */
export interface Keys {
  readonly master: string;
  /** The default key of all functions. */
  readonly function: string;
  readonly systemEventGrid: string;
  readonly systemDurable: string;
}

export type AuthLevel = 'anonymous' | 'function' | 'admin';

const keysFile = z.object({
  masterKey: z.string().min(1),
  functionKeys: z.object({ default: z.string().min(1) }),
  systemKeys: z.object({ durabletask_extension: z.string().min(1), eventgrid_extension: z.string().min(1) }),
});

/** The keys of the host directory, made at its first start; without a directory they last as long as the host. */
export async function openKeys(directory?: string): Promise<Keys> {
  if (directory === undefined) return newKeys();
  const file = join(directory, 'keys.json');
  const found = await readJson(file);
  if (found !== undefined) return keysOf(found, file);
  const keys = newKeys();
  await mkdir(directory, { recursive: true });
  const half = `${file}.${process.pid}.tmp`;
  await writeFile(half, `${JSON.stringify(fileOf(keys), null, 2)}\n`, { mode: 0o600 });
  await rename(half, file);
  return keys;
}

function newKeys(): Keys {
  const key = (): string => randomBytes(32).toString('base64url');
  return { master: key(), function: key(), systemEventGrid: key(), systemDurable: key() };
}

function keysOf(json: unknown, file: string): Keys {
  const parsed = keysFile.safeParse(json);
  if (!parsed.success) throw new HostError(`${file} does not hold the host's keys; delete it and new ones are made.`);
  const { masterKey, functionKeys, systemKeys } = parsed.data;
  return {
    master: masterKey,
    function: functionKeys.default,
    systemEventGrid: systemKeys.eventgrid_extension,
    systemDurable: systemKeys.durabletask_extension,
  };
}

function fileOf(keys: Keys): z.infer<typeof keysFile> {
  return {
    masterKey: keys.master,
    functionKeys: { default: keys.function },
    systemKeys: { durabletask_extension: keys.systemDurable, eventgrid_extension: keys.systemEventGrid },
  };
}

/** True when the request carries one of the keys, as header `x-functions-key` or as `?code=`. */
export function opens(request: HostRequest, accepted: readonly string[]): boolean {
  const presented = request.headers['x-functions-key'] ?? request.url.searchParams.get('code') ?? '';
  return accepted.some((key) => timingSafeEqual(digest(key), digest(presented)));
}

/** The keys that open a function of that level; `undefined`: no key is needed. */
export function acceptedKeys(level: AuthLevel, keys: Keys): readonly string[] | undefined {
  switch (level) {
    case 'anonymous':
      return undefined;
    case 'function':
      return [keys.function, keys.master];
    case 'admin':
      return [keys.master];
    default:
      return level satisfies never;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
