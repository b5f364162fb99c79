import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDirectory } from '../../../../../local/host/store/lock.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lock-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('lockDirectory', () => {
  it('lets one in until it leaves', async () => {
    const release = await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toThrow('already open in this process');
    await release();
    expect(existsSync(join(directory, 'lock'))).toBe(false);
    await (await lockDirectory(directory))();
  });

  it('refuses while another process lives, and names it', async () => {
    await writeFile(join(directory, 'lock'), `${process.ppid}\n`);
    await expect(lockDirectory(directory)).rejects.toThrow(`in use by process ${process.ppid}`);
  });

  it.each([
    ['a dead process', () => execFileSync(process.execPath, ['-p', 'process.pid']).toString()],
    ['an earlier process with our number', () => String(process.pid)],
    ['nobody', () => ''],
  ])('takes over the lock of %s', async (_title, owner) => {
    await writeFile(join(directory, 'lock'), owner());
    await (await lockDirectory(directory))();
  });
});
