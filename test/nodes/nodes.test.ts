import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../local/stand/report.ts';
import { scenarios } from '../../local/stand/scenarios.ts';
import { runProgram, startProgram } from '../e2e/program.ts';

/** This Node, and those that the variable NODES names as a PATH would: files, each a `node`. */
const nodes = [process.execPath, ...(process.env.NODES ?? '').split(delimiter)].filter((file) => file !== '');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nodes-'));
  execFileSync(process.execPath, ['build.mjs']);
  execFileSync(process.execPath, ['build.mjs', '--package', '--out', join(folder, 'built')]);
  await mkdir(join(folder, 'app'));
  const files = unzipSync(await readFile(join(folder, 'built', 'perennial.zip')));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'app', name), bytes);
  await writeFile(join(folder, 'settings.json'), JSON.stringify({ Values: { FUNCTIONS_WORKER_RUNTIME: 'node' } }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const versionOf = (node: string): string => execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();

describe.each(nodes.map((node) => ({ node, version: versionOf(node) })))('the package on Node $version', ({ node }) => {
  it('is run by the host, and says what it lacks when it has no settings', async () => {
    const host = startProgram(
      resolve('dist/local/host.mjs'),
      ['--app', join(folder, 'app'), '--port', '0', '--settings', join(folder, 'settings.json'), '--json'],
      node,
    );
    const ready = JSON.parse(await host.says(/"ready":true/)) as { url: string; keys: { function: string } };
    const headers = { 'x-functions-key': ready.keys.function };
    const answer = await fetch(`${ready.url}/api/health`, { headers });
    expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ code: 'settings-invalid' })]);
    host.signal('SIGTERM');
    expect(await host.ended).toBe(0);
  });

  it('renews the seeded estate: every certificate ends as it must', async () => {
    const run = await mkdtemp(join(folder, 'run-'));
    const places = ['--directory', join(run, 'stand'), '--settings', join(run, 'settings.json')];
    const report = join(run, 'report.json');
    const ports = ['--port', '0', '--base-port', '0'];
    const all = ['--once', '--app', join(folder, 'app'), ...ports, ...places, '--report', report];
    const { code, text } = await runProgram('dist/local/start.mjs', all, node);
    expect(code, text).toBe(0);
    const { ok, renewals } = JSON.parse(await readFile(report, 'utf8')) as Report;
    expect([ok, renewals.length]).toEqual([true, scenarios.length]);
  });
});
