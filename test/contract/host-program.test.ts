import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { APP, buildPrograms, openBench } from './host-app/bench.ts';

let programs = '';
beforeAll(async () => {
  programs = await buildPrograms();
});
afterAll(() => rm(programs, { recursive: true, force: true }));

describe('the host program', () => {
  it('prints one readiness line, serves, and leaves no child behind when it is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'host-program-'));
    const settings = join(folder, 'settings.json');
    await writeFile(
      settings,
      JSON.stringify({
        Values: { NOTES: join(folder, 'n'), SWEEP_SCHEDULE: '0 0 * * * *', QUEUES: 'UseDevelopmentStorage=true' },
      }),
    );
    const args = ['--app', APP, '--port', '0', '--directory', join(folder, 'host'), '--settings', settings, '--json'];
    const program = () =>
      spawn(process.execPath, [join(programs, 'host.mjs'), ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const first = await ready(program());
      expect(await (await fetch(`${first.url}/api/hello/you`)).json()).toMatchObject({ name: 'you' });
      first.child.kill('SIGKILL');
      await vi.waitFor(() => expect(() => process.kill(first.workerPid, 0)).toThrow(), { timeout: 10_000 });
      const second = await ready(program());
      expect(second.keys).toEqual(first.keys);
      second.child.kill('SIGTERM');
      const [code] = await once(second.child, 'exit');
      expect(code).toBe(0);
      expect(() => process.kill(second.workerPid, 0)).toThrow();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('says what is wrong in one line, and ends with 1', async () => {
    const child = spawn(process.execPath, [join(programs, 'host.mjs'), '--app', join(APP, 'nowhere')]);
    let said = '';
    child.stderr.on('data', (data) => {
      said += data;
    });
    const [code] = await once(child, 'exit');
    expect([code, said]).toEqual([1, expect.stringMatching(/host\.json is missing[^\n]*\n$/)]);
  });
});

async function ready(child: ChildProcess) {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await once(lines, 'line')) as [string];
  const { url, workerPid, keys } = JSON.parse(line) as { url: string; workerPid: number; keys: object };
  return { child, url, workerPid, keys };
}

describe('a host that cannot start', () => {
  it('names a taken port and the option that changes it', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as AddressInfo;
    await expect(openBench(programs, { port })).rejects.toThrow(new RegExp(`127\\.0\\.0\\.1:${port}.*--port`));
    blocker.close();
  });

  it('names a missing setting of a binding', async () => {
    const settings = { SWEEP_SCHEDULE: '%NOWHERE%' };
    await expect(openBench(programs, { settings })).rejects.toThrow(/"sweep": "%NOWHERE%" is no schedule/);
  });

  it('names a folder without an app', async () => {
    await expect(openBench(programs, { appDirectory: join(programs) })).rejects.toThrow(/host\.json is missing/);
  });
});
