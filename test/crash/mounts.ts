import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A small file system of its own, that can be filled and closed to writers. */
export interface Disk {
  readonly folder: string;
  /** Leaves no byte free. */
  fill(): void;
  free(): void;
  /** Nobody may hold a file open for writing. */
  setReadOnly(isReadOnly: boolean): void;
  unmount(): void;
}

/** Why no disk can be mounted here; absent: it can. It needs root on Linux: elsewhere nothing bounds a folder. */
export function mountProblem(): string | undefined {
  try {
    openDisk(1).unmount();
    return undefined;
  } catch (error) {
    return `no tmpfs can be mounted here: ${(error instanceof Error ? error.message : String(error)).split('\n').join(' ')}`;
  }
}

/** Mounts a tmpfs of so many MiB. */
export function openDisk(size: number): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'));
  const filler = join(folder, 'filler');
  try {
    mount('-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', folder);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return {
    folder,
    fill: () => fill(filler),
    free: () => rmSync(filler),
    setReadOnly: (isReadOnly) => mount('-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, folder),
    unmount() {
      execFileSync('umount', [folder], { stdio: 'pipe' });
      rmSync(folder, { recursive: true });
    },
  };
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}

/** In smaller and smaller pieces, until not one byte more fits. */
function fill(file: string): void {
  for (let bytes = 256 * 1024; bytes >= 1; ) {
    try {
      appendFileSync(file, Buffer.alloc(bytes, 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      bytes = Math.floor(bytes / 2);
    }
  }
}
