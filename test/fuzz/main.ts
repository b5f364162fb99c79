import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tryInput } from './entry.ts';
import { makeCorpus } from './make-corpus.ts';
import { chanceOf } from './mutate.ts';
import { OptionError, type Options, readOptions, usage } from './options.ts';
import { type Find, runPart } from './part.ts';
import { entries } from './table.ts';
import { sumOf, watchPart } from './watch.ts';

/** Bytes of an input that are shown; the whole can be made again from seed and index. */
const SHOWN_BYTES = 4096;
const SHOWN_FINDS = 20;

/** `npm run fuzz`: see `usage`. Exits 1 when an input did anything but be taken or refused in time. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  switch (options.action) {
    case 'make-corpus':
      console.log(JSON.stringify(await makeCorpus(), null, 2));
      return 0;
    case 'list':
      for (const { name } of entries) console.log(name);
      return 0;
    case 'part': {
      const through = await runPart(options);
      await new Promise((resolve) => process.send?.(through, resolve));
      return 0;
    }
    case 'run':
      return options.index === undefined ? await runAll(options) : await runOne(options, options.index);
    default:
      return options.action satisfies never;
  }
}

async function runOne({ seed, only }: Options, index: number): Promise<number> {
  const entry = entries.find(({ name }) => name === only[0]);
  if (entry === undefined) return 2;
  show({ entry: entry.name, index, problem: '' }, seed);
  const began = performance.now();
  const { problem, end } = await tryInput(entry, entry.make(chanceOf(seed, entry.name, index)));
  console.log(`${problem ?? end}\n${(performance.now() - began).toFixed(1)} ms`);
  return problem === undefined ? 0 : 1;
}

async function runAll(options: Options): Promise<number> {
  const began = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'fuzz-'));
  try {
    const parts = Array.from({ length: options.jobs }, (_, part) => part);
    const program = fileURLToPath(import.meta.url);
    const ends = await Promise.all(parts.map((part) => watchPart(program, { ...options, part, directory })));
    const { taken, refused, slowestMilliseconds } = sumOf(ends.map(({ through }) => through));
    const finds = ends.flatMap((end) => end.finds);
    for (const { name } of entries) {
      if (name in taken || name in refused) {
        console.log(`${name.padEnd(12)} ${taken[name] ?? 0} taken, ${refused[name] ?? 0} refused`);
      }
    }
    for (const find of finds.slice(0, SHOWN_FINDS)) show(find, options.seed);
    const inputs = [taken, refused].flatMap((counts) => Object.values(counts)).reduce((sum, count) => sum + count, 0);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const slowest = `${slowestMilliseconds.toFixed(0)} ms for the slowest`;
    console.log(`seed ${options.seed}: ${inputs} inputs in ${seconds} s, ${slowest}, ${finds.length} finds`);
    return finds.length === 0 ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A find, with all that is needed to make it a test. */
function show({ entry: name, index, problem }: Find, seed: number): void {
  const entry = entries.find((one) => one.name === name);
  const input = Buffer.from((entry?.make(chanceOf(seed, name, index)) ?? '') as Uint8Array);
  const rest = input.length > SHOWN_BYTES ? ` … ${input.length} bytes in all` : '';
  console.log(`\n${name}, seed ${seed}, index ${index}: ${problem}`);
  console.log(`input in hex: ${input.subarray(0, SHOWN_BYTES).toString('hex')}${rest}`);
  console.log(`again: npm run fuzz -- --seed ${seed} --only ${name} --index ${index}`);
}

try {
  process.exitCode = await main();
} catch (error) {
  const isArgument = error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof OptionError) && !isArgument) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
