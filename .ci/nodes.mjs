// Fetches the other versions of Node that the app may meet, from npm into a folder of their own, and runs the package on
// each: `npm run nodes`. They are no dependency; what cannot be had is told as NOT RUN, and is no failure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The oldest that package.json allows, and those of Azure Functions. */
const majors = [20, 22, 24];
const FETCH_MILLISECONDS = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'nodes-'));
try {
  const others = majors.filter((major) => Number(process.versions.node.split('.')[0]) !== major);
  const nodes = others.map(fetched).filter((node) => node !== undefined);
  const suite = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/nodes/vitest.config.ts'];
  const env = { ...process.env, NODES: nodes.join(delimiter) };
  process.exitCode = spawnSync(process.execPath, suite, { stdio: 'inherit', env }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** The file of that Node, or `undefined` after saying why there is none. */
function fetched(major) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const prefix = join(folder, String(major));
  const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  const npm = spawnSync('npm', ['install', ...quiet, '--prefix', prefix, `${name}@${major}`], {
    ...{ encoding: 'utf8', timeout: FETCH_MILLISECONDS, shell: process.platform === 'win32' },
  });
  const file = join(prefix, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const tried = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (npm.status === 0 && tried.status === 0 && tried.stdout.startsWith(`v${major}.`)) return file;
  const lines = (npm.stderr ?? '').split('\n').filter((line) => /^npm (?:error|ERR!)/.test(line));
  const said = lines.slice(0, 3).join('; ') || (npm.error ?? tried.error)?.message || tried.stdout.trim();
  console.log(`NOT RUN: the package on Node ${major}: ${name}@${major} cannot be had from npm: ${said}`);
  return undefined;
}
