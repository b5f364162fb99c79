// Builds the app's one bundle and the programs of the stand into `--out DIR` (dist).
// `--package` writes the deployable zip instead, for the Durable backend that `--durable-backend` names: azureStorage (usual) or
// durableTaskScheduler.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { zipSync } from 'fflate';
import { rolldown } from 'rolldown';
import { billOfMaterials } from './sbom.mjs';

const { values } = parseArgs({
  options: {
    package: { type: 'boolean', default: false },
    out: { type: 'string', default: 'dist' },
    'durable-backend': { type: 'string', default: 'azureStorage' },
  },
});
const { package: packaging, out, 'durable-backend': backend } = values;
if (!['azureStorage', 'durableTaskScheduler'].includes(backend)) {
  console.error(`--durable-backend is "${backend}"; write azureStorage or durableTaskScheduler`);
  process.exit(2);
}
const { version } = JSON.parse(await readFile('package.json', 'utf8'));

for (const old of ['functions.cjs', 'local', 'perennial.zip', 'sbom.cdx.json']) {
  await rm(join(out, old), { recursive: true, force: true });
}
const modules = await bundle(
  { input: { functions: 'functions/index.ts' }, external: ['@azure/functions-core'] },
  { dir: out, format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false, minify: packaging },
);
if (packaging) await writePackage();
else {
  await bundle(
    {
      input: {
        start: 'local/stand/start.ts',
        stand: 'local/stand/stand-alone.ts',
        smoke: 'smoke/main.ts',
        'smoke-stand': 'local/stand/smoke-stand.ts',
        host: 'local/host/main.ts',
        worker: 'local/host/worker/child.ts',
        preload: 'local/faults/preload.ts',
        docs: 'docs/generate.ts',
        sim: 'test/sim/main.ts',
        bench: 'bench/main.ts',
        'bench-profiler': 'bench/pipeline/profiler.ts',
        'bench-handler': 'bench/events/handler-program.ts',
        'bench-bare': 'bench/pipeline/bare-program.ts',
        'bench-acme-perennial': 'bench/acme/perennial-program.ts',
        'bench-acme-client': 'bench/acme/acme-client-program.ts',
        fuzz: 'test/fuzz/main.ts',
      },
      external: /^[^./]/,
    },
    { dir: join(out, 'local'), format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: 'shared-[hash].mjs' },
  );
}

/** Answers with the ids of the modules whose code is in it. */
async function bundle(input, output) {
  const build = await rolldown({ platform: 'node', logLevel: 'warn', ...input });
  try {
    const { output: chunks } = await build.write(output);
    return chunks.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []));
  } finally {
    await build.close();
  }
}

/**
 * What Azure loads: the bundle, host.json, and a package.json that names the entry. With them goes the bill of materials,
 * which is written beside the zip too, for whoever scans it.
 */
async function writePackage() {
  const manifest = { name: 'perennial', version, private: true, main: 'functions.cjs' };
  const code = await readFile(join(out, 'functions.cjs'));
  const bill = await billOfMaterials({ modules, bundle: code, version });
  const files = {
    'functions.cjs': code,
    'host.json': await hostJson(),
    'package.json': Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`),
    'sbom.cdx.json': Buffer.from(bill),
  };
  const at = new Date('2026-01-01T00:00:00Z');
  const zip = join(out, 'perennial.zip');
  const packed = zipSync(files, { level: 9, mtime: at });
  await mkdir(out, { recursive: true });
  await writeFile(zip, packed);
  await writeFile(join(out, 'sbom.cdx.json'), bill);
  const unpacked = Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0);
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
  console.log(`${zip}: ${Object.keys(files).join(', ')}; ${megabytes(packed.length)}, ${megabytes(unpacked)} unpacked`);
}

/** The Functions host chooses the backend by host.json alone: app settings come too late for whoever scales the app. */
async function hostJson() {
  const usual = await readFile('host.json');
  if (backend === 'azureStorage') return usual;
  const host = JSON.parse(usual);
  host.extensions.durableTask.hubName = '%TASKHUB_NAME%';
  host.extensions.durableTask.storageProvider = {
    type: 'azureManaged',
    connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING',
  };
  return Buffer.from(`${JSON.stringify(host, null, 2)}\n`);
}
