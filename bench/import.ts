import { execFileSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { figureOf, type Report } from './figure.ts';

const ROUNDS = 9;

/**
 * What a cold start costs of the package that is deployed, against the same modules as they lie in node_modules. CPU time,
 * because it is the same on a busy machine; files that are read for the first time would make the difference larger.
 */
export async function benchImport(): Promise<Report> {
  // Inside the project, so that the loose modules find node_modules.
  const folder = resolve('node_modules', '.cache', 'perennial', `bench-${process.pid}`);
  await mkdir(folder, { recursive: true });
  try {
    execFileSync(process.execPath, ['build.mjs', '--package', '--out', folder], { stdio: 'ignore' });
    const loose = await looseModules(join(folder, 'loose'));
    const bundled = join(folder, 'functions.cjs');
    const rounds = Array.from({ length: ROUNDS }, (_, round) => {
      if (round % 2 === 0) return { bundled: importMilliseconds(bundled), loose: importMilliseconds(loose) };
      const first = importMilliseconds(loose);
      return { loose: first, bundled: importMilliseconds(bundled) };
    });
    const ratio = rounds.map((round) => round.bundled / round.loose);
    return {
      bench: 'import: the app loaded by a new process',
      figures: [
        figureOf('bundled against loose modules', '', ratio, { atMost: 0.4 }),
        figureOf(
          'bundled',
          'ms CPU',
          rounds.map((round) => round.bundled),
        ),
        figureOf(
          'loose modules',
          'ms CPU',
          rounds.map((round) => round.loose),
        ),
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The sources as JavaScript, file by file; packages stay where they are. */
async function looseModules(folder: string): Promise<string> {
  const build = await rolldown({
    input: { index: 'functions/index.ts' },
    platform: 'node',
    external: /^[^./\0]/,
    logLevel: 'warn',
  });
  const { output } = await build.write({
    dir: folder,
    format: 'esm',
    preserveModules: true,
    entryFileNames: '[name].mjs',
  });
  await build.close();
  return join(folder, output[0].fileName);
}

/** Milliseconds of CPU that the import takes in a process of its own; Node's own start is not in it. */
function importMilliseconds(file: string): number {
  // As the worker does it: a CommonJS file is required, and only a module is imported.
  const load = file.endsWith('.cjs')
    ? `process.getBuiltinModule('node:module').createRequire(${JSON.stringify(file)})(${JSON.stringify(file)})`
    : `await import(${JSON.stringify(pathToFileURL(file).href)})`;
  const program = `const before = process.cpuUsage(); ${load}; const { user, system } = process.cpuUsage(before);
    console.log((user + system) / 1000); process.exit(0)`;
  // Outside of the Functions host the library says that it registers nothing; what it loads is the same.
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH ?? '' },
  });
  return Number(said.toString().trim().split('\n').at(-1));
}
