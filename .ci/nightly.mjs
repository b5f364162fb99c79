// What takes too long for every change: the breaks that the simulation must find, and the benches. `npm run nightly`.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

let passed = 0;
let failed = 0;

/** Runs a Node script, shows what it says, and answers with exit code and output. */
function run(...args) {
  console.log(`\n$ node ${args.join(' ')}`);
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (bytes) => {
      output += bytes;
      process.stdout.write(bytes);
    });
    child.on('error', (error) => resolve({ code: 1, output: String(error) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** A mutant that is found is a test that passed; one that survives, or does not apply any more, has failed. */
async function mutants() {
  const jobs = String(availableParallelism());
  const { code, output } = await run('dist/local/sim.mjs', '--mutants', '--jobs', jobs);
  const count = (pattern) => [...output.matchAll(pattern)].length;
  const good = count(/^found +\S+$/gm);
  const bad = count(/^(?:survived|unusable) +\S+$/gm);
  passed += good;
  failed += bad;
  if (good + bad === 0 || (code !== 0 && bad === 0)) failed += 1;
}

/** All benches are one test: it fails when an aim is missed. */
async function benches() {
  if (!existsSync('dist/local/bench.mjs')) {
    console.log('\nNOT RUN: the benches (npm run bench): this project has none.');
    return;
  }
  const { code } = await run('dist/local/bench.mjs', '--json', 'dist/bench.json');
  if (code === 0) passed += 1;
  else failed += 1;
}

const built = await run('build.mjs');
if (built.code === 0) {
  await mutants();
  await benches();
} else {
  failed += 1;
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
