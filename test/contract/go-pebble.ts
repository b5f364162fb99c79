import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The newest that was tried: Debian's 2.4.0 knows neither renewal information nor profiles. */
const VERSION = 'v2.10.1';
const folder = resolve('node_modules', '.cache', `pebble-${VERSION}`);
const LONGEST_MILLISECONDS = 500_000;

export type GoPebble =
  | { readonly state: 'ready'; readonly program: string }
  /** `why`: one line. */
  | { readonly state: 'missing'; readonly why: string };

/** A newer pebble, built by the Go toolchain of this machine from what the Go module proxy has; once a checkout. */
export async function goPebble(): Promise<GoPebble> {
  const program = join(folder, 'pebble');
  if (await isThere(program)) return { state: 'ready', program };
  await mkdir(folder, { recursive: true });
  try {
    await promisify(execFile)('go', ['install', `github.com/letsencrypt/pebble/v2/cmd/pebble@${VERSION}`], {
      env: { ...process.env, GOBIN: folder, GOFLAGS: '', GOTOOLCHAIN: 'local' },
      timeout: LONGEST_MILLISECONDS,
    });
    return { state: 'ready', program };
  } catch (error) {
    return { state: 'missing', why: `pebble ${VERSION} cannot be built: ${lastLine(error)}` };
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function lastLine(error: unknown): string {
  const { message = '', stderr = '' } = error as { readonly message?: string; readonly stderr?: string };
  return (stderr.trim() || message).split('\n').at(-1) ?? '';
}
