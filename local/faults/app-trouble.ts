import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What is wrong with the machine that the app runs on. */
export interface Troubles {
  /** Names cannot be resolved: EAI_AGAIN. */
  readonly dnsDown?: boolean;
  /** How far the clock is ahead; negative: behind. */
  readonly skewSeconds?: number;
}

/** The stand's hand in the app's own process: by a file, because the worker is the host's child and not the stand's. */
export interface AppTrouble {
  /** App settings that make the app's process look at it. */
  readonly settings: Readonly<Record<string, string>>;
  set(troubles: Troubles): void;
  /** How many look-ups have failed by it. */
  failedLookups(): number;
}

/** Names the file; set by the stand only. */
export const TROUBLE_VARIABLE = 'STAND_APP_TROUBLE';

/** `entry`: the built preload.ts; in a build it lies beside the stand. */
export function createAppTrouble(directory: string, entry: string = builtEntry()): AppTrouble {
  const file = join(directory, 'app-trouble.json');
  rmSync(file, { force: true });
  rmSync(lookupsFile(file), { force: true });
  return {
    settings: { NODE_OPTIONS: `--import=${JSON.stringify(entry)}`, [TROUBLE_VARIABLE]: file },
    set: (troubles) => writeFileSync(file, JSON.stringify(troubles)),
    failedLookups: () => (existsSync(lookupsFile(file)) ? readFileSync(lookupsFile(file)).length : 0),
  };
}

/** What the file says now; nothing when it is not there, or is just being written. */
export function readTroubles(file: string): Troubles {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Troubles;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

export function noteFailedLookup(file: string): void {
  appendFileSync(lookupsFile(file), '.');
}

const lookupsFile = (file: string): string => `${file}.lookups`;

function builtEntry(): string {
  return fileURLToPath(new URL('./preload.mjs', import.meta.url));
}
