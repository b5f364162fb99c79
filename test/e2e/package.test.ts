import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startProgram } from './program.ts';

/** A new instance of the app has to fetch it before it can do anything. */
const LIMIT_BYTES = 1_500_000;
const FILES = ['functions.cjs', 'host.json', 'package.json', 'sbom.cdx.json'];

let folder: string;
let zip: Buffer;
let files: Record<string, Uint8Array>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'package-'));
  execFileSync(process.execPath, ['build.mjs', '--package', '--out', join(folder, 'built')]);
  zip = await readFile(join(folder, 'built', 'perennial.zip'));
  files = unzipSync(zip);
  await mkdir(join(folder, 'app'));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, 'app', name), bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('holds one bundle, host.json, package.json and the bill of materials, and nothing else', () => {
    expect(Object.keys(files).sort()).toEqual(FILES);
  });

  it('stays under 1.5 MB', () => {
    expect(zip.length).toBeLessThan(LIMIT_BYTES);
  });

  it('names its entry, keeps host.json and needs no other package', async () => {
    const manifest = JSON.parse(textOf(files['package.json'])) as object;
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
    const scheduled = unzipSync(await readFile(join(out, 'perennial.zip')));
    const { extensions } = JSON.parse(textOf(scheduled['host.json'])) as { extensions: { durableTask: object } };
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
    expect((await readdir(join(folder, 'app'))).sort()).toEqual(FILES);
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

describe('the bill of materials', () => {
  let bill: Bill;
  beforeAll(() => {
    bill = JSON.parse(textOf(files['sbom.cdx.json'])) as Bill;
  });

  it('is CycloneDX, of this version and of the very bundle that is beside it', async () => {
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 });
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    const content = createHash('sha256')
      .update(files['functions.cjs'] ?? '')
      .digest('hex');
    expect(bill.metadata.component).toMatchObject({
      ...{ type: 'application', name: 'perennial', version, licenses: [{ license: { id: 'MIT' } }] },
      components: [{ type: 'file', name: 'functions.cjs', hashes: [{ alg: 'SHA-256', content }] }],
    });
    expect(await readFile(join(folder, 'built', 'sbom.cdx.json'), 'utf8')).toBe(textOf(files['sbom.cdx.json']));
  });

  it('names the packages whose code is bundled, and no other', async () => {
    // The bundle that is not minified says before each module where it is from.
    const regions = (await readFile('dist/functions.cjs', 'utf8')).matchAll(
      /^\s*\/\/ (?:node_modules\/(?:\S*\/node_modules\/)?((?:@[^/\s]+\/)?[^/\s]+)\/\S+|\\0(rolldown)\/runtime\.js)$/gm,
    );
    const bundled = new Set([...regions].map(([, name, bundler]) => name ?? bundler));
    expect(bundled.size).toBeGreaterThan(50);
    expect([...new Set(bill.components.map(({ name }) => name))].sort()).toEqual([...bundled].sort());
  });

  it('says of each what npm says: version, hash, licence, address', () => {
    const shell = process.platform === 'win32';
    const lock = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'];
    const said = JSON.parse(execFileSync('npm', lock, { encoding: 'utf8', shell, stdio: 'pipe' })) as Bill;
    const ofNpm = new Map(said.components.map((one) => [one['bom-ref'], essence(one)]));
    for (const one of bill.components) expect(essence(one)).toEqual(ofNpm.get(one['bom-ref']));
  });

  it('takes the text of the licence along wherever a package has one', () => {
    const without = bill.components.filter(
      ({ licenses }) => (licenses?.[0]?.license?.text?.content ?? '').length < 500,
    );
    expect(without.map(({ name }) => name)).toEqual(['@nodable/entities']);
  });

  it('tells why each is there: every one is reached from the app', () => {
    const needs = new Map(bill.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const reached = new Set([bill.metadata.component['bom-ref']]);
    for (const ref of reached) for (const other of needs.get(ref) ?? []) reached.add(other);
    const known = [bill.metadata.component, ...bill.components].map((one) => one['bom-ref']);
    expect([...needs.keys()].sort()).toEqual(known.sort());
    // The first is the bundler's own few lines; the second colours a log where it happens to be installed.
    const apart = known.filter((ref) => !reached.has(ref)).map((ref) => ref.replace(/@[^@]+$/, ''));
    expect(apart.filter((name) => !['rolldown', 'supports-color', 'has-flag'].includes(name))).toEqual([]);
  });
});

interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes: readonly object[];
  /** Absent in npm's bill for a package that names none. */
  readonly licenses?: readonly { readonly license?: { readonly id: string; readonly text?: { content: string } } }[];
}

interface Bill {
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

function essence({ version, purl, hashes, licenses }: Component): object {
  return { version, purl, hashes, licenses: licenses?.map(({ license }) => license?.id) };
}

function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

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
