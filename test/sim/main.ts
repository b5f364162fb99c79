import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { faultKinds, faultNames } from './faults/catalogue.ts';
import { invariants } from './invariants/table.ts';
import { findMutants, findPatch } from './mutants.ts';
import { OptionError, type Options, readOptions, usage } from './options.ts';
import { runSeed, type SeedOptions } from './run-seed.ts';
import { shrink } from './shrink.ts';
import { addSeed, addTally, coverage, newTally, summary, type Tally } from './tally.ts';

/** `npm run sim`: see `usage`. Exits 1 when an invariant was broken, or a mutant was not found. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  // Errors are values of the simulation, thousands of them: their stacks cost more than they tell.
  Error.stackTraceLimit = 0;
  if (options.isPart) return await runPart(options);
  if (options.action === 'invariants') return printInvariants();
  if (options.action === 'faults') return printFaults();
  if (options.action === 'mutants') return await findMutants(options);
  if (options.patch !== undefined) return await findPatch(options.patch, options);
  if (options.seed !== undefined) return await runOne(options, options.seed);
  return await runMany(options);
}

function printInvariants(): number {
  for (const { id, says, watch, missing } of invariants) {
    console.log(`${id.padEnd(4)} ${watch === undefined ? `not active (${missing})` : 'active'}  ${says}`);
  }
  return 0;
}

function printFaults(): number {
  for (const name of faultNames) {
    const { ids, way, what } = faultKinds[name];
    console.log(`${name.padEnd(20)} ${ids.join(' ').padEnd(10)} ${way.padEnd(7)} ${what}`);
  }
  return 0;
}

function seedOptions({ mode, kinds }: Options, seed: number): SeedOptions {
  return { seed, ...(mode !== undefined && { mode }), choice: kinds === undefined ? {} : { kinds } };
}

/** With `--trace` nothing but the trace goes to stdout. */
async function runOne(options: Options, seed: number): Promise<number> {
  const given = seedOptions(options, seed);
  const report = await runSeed(options.trace ? { ...given, onTrace: (line) => console.log(line) } : given);
  const tally = newTally();
  addSeed(tally, report);
  if (options.trace) return report.violation === undefined ? 0 : 1;
  console.log(`seed ${seed} (${report.mode}): ${summary(tally)}`);
  if (report.violation === undefined) return 0;
  await explain(given);
  return 1;
}

/** The seed, the faults that are really needed, and what happened until it broke. */
async function explain(given: SeedOptions): Promise<void> {
  const { violation, injections } = await runSeed(given);
  if (violation === undefined) return;
  console.log(`seed ${given.seed}: ${violation.invariant} is broken: ${violation.message}`);
  const needed = await shrink(
    given,
    violation.invariant,
    injections.map(({ id }) => id),
  );
  console.log(`${needed.length} of ${injections.length} faults are needed:`);
  for (const id of needed) console.log(`  ${id}`);
  const lines: string[] = [];
  await runSeed({
    ...given,
    choice: { ...given.choice, allowed: new Set(needed) },
    onTrace: (line) => lines.push(line),
  });
  console.log('timeline with these alone (its end):');
  for (const line of lines.filter((text) => !/ (http|orchestrator) /.test(text)).slice(-60))
    console.log(`  ${line.slice(0, 240)}`);
  console.log(`again: npm run sim -- --seed ${given.seed} --trace`);
}

/** Every `jobs`th seed: the parent adds the parts up. */
async function runPart(options: Options): Promise<number> {
  const tally = newTally();
  for (let seed = options.from; seed < options.from + options.seeds; seed += options.jobs) {
    addSeed(tally, await runSeed(seedOptions(options, seed)));
    if (options.bail && tally.violations.length > 0) break;
  }
  await new Promise((resolve) => process.send?.(tally, resolve));
  return 0;
}

async function runMany(options: Options): Promise<number> {
  const began = performance.now();
  const parts = Array.from({ length: options.jobs }, (_, part) => partOf(part, options.jobs));
  const tally = newTally();
  for (const part of await Promise.all(parts)) addTally(tally, part);
  const seconds = (performance.now() - began) / 1000;
  for (const line of coverage(tally)) console.log(line);
  console.log(summary(tally));
  console.log(`${seconds.toFixed(1)} s, ${((1000 * seconds) / tally.seeds).toFixed(0)} ms a seed`);
  const violations = [...tally.violations].sort((a, b) => a.seed - b.seed);
  for (const { seed, invariant, message } of violations)
    console.log(`seed ${seed}: ${invariant}: ${message.slice(0, 300)}`);
  if (options.report !== undefined)
    writeFileSync(options.report, `${JSON.stringify({ seconds, ...tally }, null, 2)}\n`);
  const [first] = violations;
  if (first === undefined) return 0;
  if (!options.bail) await explain(seedOptions(options, first.seed));
  return 1;
}

/** A process of its own, because time and chance of a process belong to one simulation. */
function partOf(part: number, jobs: number): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const { from } = readOptions(process.argv.slice(2));
    const args = [...process.argv.slice(2), '--part', '--from', String(from + part), '--jobs', String(jobs)];
    // Nearly everything that a simulation makes is garbage soon: with room for it, little is ever copied.
    const child = fork(fileURLToPath(import.meta.url), args, { execArgv: ['--max-semi-space-size=32'] });
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

try {
  process.exitCode = await main();
} catch (error) {
  if (
    !(error instanceof OptionError) &&
    !(error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  )
    throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
