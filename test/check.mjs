// `npm run check`: what must be green before a commit. Every step runs, also after one that failed.
import { spawnSync } from 'node:child_process';

const vitest = (project) => ['node_modules/vitest/vitest.mjs', 'run', '--project', project];
const steps = [
  ['format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']],
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit']],
  ['tidy', vitest('tidy')],
  ['unit', vitest('unit')],
  ['contract', vitest('contract')],
  ['replay', vitest('replay')],
];

const results = steps.map(([name, args]) => {
  console.log(`\n── ${name}`);
  return [name, spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0];
});
console.log(`\n${results.map(([name, ok]) => `${ok ? '✓' : '✗'} ${name}`).join('\n')}`);
process.exitCode = results.every(([, ok]) => ok) ? 0 : 1;
