import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProgram } from './program.ts';

const LIMIT_BYTES = 3_000_000;

let folder: string;
let files: Record<string, Uint8Array>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-'));
  execFileSync(process.execPath, ['build.mjs', '--package', '--out', join(folder, 'built')]);
  files = unzipSync(await readFile(join(folder, 'built', 'perennial.zip')));
  await mkdir(join(folder, 'app'));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'app', name), bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('holds one bundle, host.json and package.json, and nothing else', () => {
    expect(Object.keys(files).sort()).toEqual(['functions.cjs', 'host.json', 'package.json']);
  });

  it('stays under 3 MB unpacked', () => {
    const bytes = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    expect(bytes).toBeLessThan(LIMIT_BYTES);
  });

  it('names its entry, keeps host.json and needs no other package', async () => {
    const manifest = JSON.parse(Buffer.from(files['package.json'] ?? []).toString()) as object;
    expect(manifest).toMatchObject({ main: 'functions.cjs' });
    expect(manifest).not.toHaveProperty('dependencies');
    expect(Buffer.from(files['host.json'] ?? []).equals(await readFile('host.json'))).toBe(true);
  });

  it('names the Durable Task Scheduler in host.json where it is asked to, and refuses what it does not know', async () => {
    const out = join(folder, 'scheduler');
    execFileSync(process.execPath, [
      'build.mjs',
      '--package',
      '--out',
      out,
      '--durable-backend',
      'durableTaskScheduler',
    ]);
    const zip = unzipSync(await readFile(join(out, 'perennial.zip')));
    const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
    const { extensions } = JSON.parse(text(zip['host.json'])) as { extensions: { durableTask: object } };
    const connectionStringName = 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING';
    const usual = JSON.parse(await readFile('host.json', 'utf8')) as { extensions: typeof extensions };
    expect(extensions.durableTask).toEqual({
      ...usual.extensions.durableTask,
      hubName: '%TASKHUB_NAME%',
      storageProvider: { type: 'azureManaged', connectionStringName },
    });
    const other = ['build.mjs', '--package', '--out', out, '--durable-backend', 'netherite'];
    expect(() => execFileSync(process.execPath, other, { stdio: 'pipe' })).toThrow(/--durable-backend is "netherite"/);
  });

  it('is the same, byte by byte, when it is built again', async () => {
    execFileSync(process.execPath, ['build.mjs', '--package', '--out', join(folder, 'again')]);
    const [one, other] = await Promise.all(
      ['built', 'again'].map((name) => readFile(join(folder, name, 'perennial.zip'))),
    );
    expect(other?.equals(one ?? Buffer.of())).toBe(true);
  });

  it('is run by the host from its own folder, without node_modules', async () => {
    const settings = join(folder, 'settings.json');
    await writeFile(settings, JSON.stringify({ Values: { FUNCTIONS_WORKER_RUNTIME: 'node' } }));
    expect(await readdir(join(folder, 'app'))).toHaveLength(3);
    const host = startProgram(resolve('dist/local/host.mjs'), [
      ...['--app', join(folder, 'app'), '--port', '0', '--settings', settings, '--json'],
    ]);
    const ready = JSON.parse(await host.says(/"ready":true/)) as {
      url: string;
      keys: { function: string };
      functions: string[];
    };
    expect(ready.functions.toSorted()).toEqual(await registered());
    const headers = { 'x-functions-key': ready.keys.function };
    const answer = await fetch(`${ready.url}/api/renewals`, { headers });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'settings-invalid' });
    host.signal('SIGTERM');
    expect(await host.ended).toBe(0);
  });
});

/** Registered only where a setting asks for it. */
const optional = ['queuedCertificateEvent'];

/** The names under which the sources register functions: orchestrations, activities and triggers. */
async function registered(): Promise<string[]> {
  const { steps } = await import('../../src/renewal/steps/table.ts');
  const sources = await Promise.all(
    (await readdir('functions')).map((name) => readFile(join('functions', name), 'utf8')),
  );
  const named = sources.flatMap((text) =>
    [...text.matchAll(/df\.app(?:\.client)?\.\w+\(\s*'(\w+)'/g)].map(([, name]) => name ?? ''),
  );
  return [...named, ...Object.keys(steps)].filter((name) => !optional.includes(name)).sort();
}
