import { mkdir, open, readFile, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StoreError, storeError } from './store-error.ts';

/** Directories that this process holds: its own process id in a lock file says nothing about them. */
const held = new Set<string>();

const ATTEMPTS = 5;

/** Takes a directory for this process alone. Answers with the function that gives it back. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const path = resolve(directory);
  const file = join(path, 'lock');
  if (held.has(path)) throw new StoreError(`${path} is already open in this process`);
  held.add(path);
  try {
    await mkdir(path, { recursive: true });
    await claim(file);
  } catch (error) {
    held.delete(path);
    throw storeError(`${path} cannot be taken`, error);
  }
  return async () => {
    try {
      await unlink(file);
    } finally {
      held.delete(path);
    }
  };
}

/** The lock of a dead process is taken over; more than a few rounds mean that others do the same. */
async function claim(file: string): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (await create(file)) return;
    const owner = await readOwner(file);
    if (owner !== undefined && owner !== process.pid && isAlive(owner)) {
      throw new StoreError(
        `the durable store is in use by process ${owner}; stop it, or delete ${file} if that is another program`,
      );
    }
    await unlink(file).catch(ignoreMissing);
  }
  throw new StoreError(`${file} cannot be taken: other processes take it at the same moment`);
}

async function create(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(`${process.pid}\n`).finally(() => handle.close());
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readOwner(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(ignoreMissing);
  const pid = Number.parseInt(text ?? '', 10);
  return Number.isNaN(pid) ? undefined : pid;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
