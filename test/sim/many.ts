import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { explain } from './explain.ts';
import { type Options, readOptions } from './options.ts';
import { knownRegressions } from './regressions.ts';
import { runSeed, type SeedOptions } from './run-seed.ts';
import { accounts, addSeed, addTally, coverage, newTally, summary, type Tally } from './tally.ts';

/** What the options make of a seed. */
export function seedOptions({ mode, kinds }: Options, seed: number): SeedOptions {
  return { seed, ...(mode !== undefined && { mode }), choice: kinds === undefined ? {} : { kinds } };
}

/** Every `jobs`th seed: the parent adds the parts up. */
export async function runPart(options: Options): Promise<number> {
  const tally = newTally();
  for (let seed = options.from; seed < options.from + options.seeds; seed += options.jobs) {
    addSeed(tally, await runSeed(seedOptions(options, seed)));
    if (options.bail && tally.violations.length > 0) break;
  }
  await new Promise((resolve) => process.send?.(tally, resolve));
  return 0;
}

/** Known failures first, then so many seeds in as many processes as are asked for. Answers with the exit code. */
export async function runMany(options: Options): Promise<number> {
  if (!options.bail && !(await runRegressions())) return 1;
  const began = performance.now();
  const parts = Array.from({ length: options.jobs }, (_, part) => partOf(part, options.jobs));
  const tally = newTally();
  for (const part of await Promise.all(parts)) addTally(tally, part);
  const seconds = (performance.now() - began) / 1000;
  for (const line of [...coverage(tally), ...accounts(), summary(tally)]) console.log(line);
  console.log(`${seconds.toFixed(1)} s, ${((1000 * seconds) / tally.seeds).toFixed(0)} ms a seed`);
  if (options.report !== undefined)
    writeFileSync(options.report, `${JSON.stringify({ seconds, ...tally }, null, 2)}\n`);
  const violations = [...tally.violations].sort((a, b) => a.seed - b.seed);
  for (const { seed, invariant, message } of violations)
    console.log(`seed ${seed}: ${invariant}: ${message.slice(0, 300)}`);
  const [first] = violations;
  if (first === undefined) return 0;
  if (!options.bail) for (const line of await explain(seedOptions(options, first.seed))) console.log(line);
  return 1;
}

async function runRegressions(): Promise<boolean> {
  const known = knownRegressions();
  for (const { given, tells } of known) {
    const { violation } = await runSeed(given);
    if (violation === undefined) continue;
    console.log(`an old bug is back: ${tells}`);
    for (const line of await explain(given)) console.log(line);
    return false;
  }
  console.log(`${known.length} seeds that once found a bug: none finds it again`);
  return true;
}

/** A process of its own, because time and chance of a process belong to one simulation. */
function partOf(part: number, jobs: number): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const { from } = readOptions(process.argv.slice(2));
    const args = [...process.argv.slice(2), '--part', '--from', String(from + part), '--jobs', String(jobs)];
    // Nearly everything that a simulation makes is garbage soon: with room for it, little is ever copied.
    const child = fork(process.argv[1] ?? '', args, { execArgv: ['--max-semi-space-size=32'] });
    let tally: Tally | undefined;
    child.on('message', (message) => {
      tally = message as Tally;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (tally === undefined) reject(new TypeError(`a part of the simulation ended with ${code}`));
      else resolve(tally);
    });
  });
}
