// Calls the README's commands first, then the slower suites; counts what each of them says and hides nothing.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
let passed = 0;
let failed = 0;
/** What failed, told again at the end: there it is read. */
const failures = [];

/** Runs a command, shows its output, and answers with exit code and output. */
function run(command, args) {
  console.log(`\n$ ${[command, ...args].join(' ')}`);
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        output += bytes;
        process.stdout.write(bytes);
      });
    }
    child.on('error', (error) => resolve({ code: 1, output: String(error) }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** A suite that counts its own tests: vitest's closing line. */
async function suite(command, args) {
  const { code, output } = await run(command, args);
  for (const [text] of output.matchAll(/^ *FAIL .*(?:\n(?!\s*$| *FAIL ).*){0,6}/gm)) failures.push(text);
  const line = /^\s*Tests\s+(.*)$/gm;
  let counted = 0;
  for (const [, text] of output.matchAll(line)) {
    const bad = Number(/(\d+) failed/.exec(text)?.[1] ?? 0);
    const good = Number(/(\d+) passed/.exec(text)?.[1] ?? 0);
    passed += good;
    failed += bad;
    counted += good + bad;
  }
  // A runner that ended badly without a failed test, or that ran none, has failed as a whole.
  if ((code === 0 || /\d+ failed/.test(output)) && counted > 0) return;
  failed += 1;
  failures.push(`${[command, ...args].join(' ')}: ended with ${code}, ${counted} tests counted`);
}

/** A command that is one test: it ends with 0 or it failed; one that says that it did not run is neither. */
async function step(command, args) {
  const { code, output } = await run(command, args);
  if (code !== 0) {
    failed += 1;
    failures.push(`${[command, ...args].join(' ')}: ended with ${code}`);
  } else if (!/^NOT RUN/m.test(output)) passed += 1;
}

/** Debian's packages of certificate authorities and their clients, and the program that each of them brings. */
const authorities = {
  pebble: 'pebble',
  'golang-cfssl': 'cfssl',
  lego: 'lego',
  'strongswan-pki': 'pki',
  'libstrongswan-extra-plugins': 'pki',
  'libstrongswan-standard-plugins': 'pki',
};
const isMissing = (program) => spawnSync(program, ['-help'], { stdio: 'ignore' }).error !== undefined;

/** Installs what is missing for the suite of issuers; what it cannot have it tells as NOT RUN, and so does the suite. */
async function installAuthorities() {
  const missing = Object.keys(authorities).filter((name) => isMissing(authorities[name]));
  if (missing.length === 0) return;
  let reason = 'whoever runs this is not root';
  if (process.getuid?.() === 0) {
    const update = isMissing('apt-get') ? undefined : await run('apt-get', ['update']);
    const install = update && (await run('apt-get', ['install', '-y', '--no-install-recommends', ...missing]));
    reason = update === undefined ? 'there is no apt-get' : `apt-get ended with ${install.code}`;
  }
  const left = missing.filter((name) => isMissing(authorities[name]));
  if (left.length > 0) console.log(`NOT RUN: suites with ${left.join(' and ')}: not installed, and ${reason}`);
}

/** Where there is no Bicep CLI, a checker next to this folder takes its place. */
const checker = '../shared/bicep-check/cli.mjs';
if (env.BICEP_CHECK === undefined && existsSync(checker)) env.BICEP_CHECK = `${checker} --strict-enums`;

const install = await run('npm', ['ci']);
if (install.code === 0) {
  await suite('npm', ['test']);
  await step('node', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']);
  await step('node', ['node_modules/typescript/bin/tsc', '--noEmit']);
  await step('npm', ['run', 'check:infra']);
  await step('npm', ['start', '--', '--once', '--seed', '2']);
  await suite('npm', ['run', 'crash']);
  await step('npm', ['run', 'package']);
  await suite('npm', ['run', 'nodes']);
  await suite('npm', ['run', 'security']);
  await suite('npm', ['run', 'smoke:test']);
  await installAuthorities();
  await suite('npm', ['run', 'conformance']);
  await suite('npm', ['run', 'issuers']);
  await step('npm', ['run', 'fuzz', '--', '--inputs', '100000']);
  await step('npm', ['run', 'sim', '--', '--seeds', '2000']);
} else {
  failed += 1;
  failures.push(`npm ci: ended with ${install.code}`);
}
console.log('\nNOT RUN: suites against a real Azure subscription (no credentials here).');
if (failures.length > 0) console.log(`\nFailed:\n${failures.slice(0, 40).join('\n')}\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
