import { explain } from './explain.ts';
import { faultKinds, faultNames } from './faults/catalogue.ts';
import { invariants } from './invariants/table.ts';
import { runMany, runPart, seedOptions } from './many.ts';
import { findMutants, findPatch } from './mutants.ts';
import { OptionError, type Options, readOptions, usage } from './options.ts';
import { runSeed } from './run-seed.ts';
import { accounts, addSeed, newTally, summary } from './tally.ts';

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
  for (const line of accounts()) console.log(line);
  return 0;
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
  for (const line of await explain(given)) console.log(line);
  return 1;
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
