import { appendFileSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { tryInput } from './entry.ts';
import { chanceOf } from './mutate.ts';
import type { Options } from './options.ts';
import { type Case, casesOf } from './table.ts';

/** Something wrong that a part has seen. */
export interface Find {
  readonly entry: string;
  readonly index: number;
  readonly problem: string;
}

/** What a part says of its inputs when it is through. */
export interface Through {
  /** By entry: how many inputs the product took, and how many it refused. */
  readonly taken: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly slowestMilliseconds: number;
}

export const slowMilliseconds = 1000;

export const files = {
  progress: (directory: string, part: number) => join(directory, `${part}.progress`),
  finds: (directory: string, part: number) => join(directory, `${part}.finds`),
} as const;

/**
 * Tries every `jobs`th input from `from` on. Before each one its number is written down, so that the parent knows which
 * input a part hangs at or has died of.
 */
export async function runPart(options: Options): Promise<Through> {
  const { seed, jobs, part, directory } = options;
  const cases = casesOf(options.inputs, options.only);
  const progress = openSync(files.progress(directory, part), 'w');
  const tally = newThrough();
  for (let at = firstOf(options); at < cases.length; at += jobs) {
    const one = cases[at];
    if (one === undefined) break;
    writeSync(progress, String(at).padStart(12), 0);
    const problem = await tryOne(one, seed, tally);
    const find: Find = { entry: one.entry.name, index: one.index, problem: problem ?? '' };
    if (problem !== undefined) appendFileSync(files.finds(directory, part), `${JSON.stringify(find)}\n`);
    if (at % 64 === part) await setImmediate();
  }
  return tally;
}

/** The first number from `from` on that is this part's. */
function firstOf({ from, jobs, part }: Options): number {
  return from + ((((part - from) % jobs) + jobs) % jobs);
}

interface Counted extends Through {
  readonly taken: Record<string, number>;
  readonly refused: Record<string, number>;
  slowestMilliseconds: number;
}

function newThrough(): Counted {
  return { taken: {}, refused: {}, slowestMilliseconds: 0 };
}

async function tryOne({ entry, index }: Case, seed: number, tally: Counted): Promise<string | undefined> {
  const input = entry.make(chanceOf(seed, entry.name, index));
  const before = process.cpuUsage();
  const { problem, end } = await tryInput(entry, input);
  const { user, system } = process.cpuUsage(before);
  // The processor's time and not the clock's: a machine that is busy with others makes nobody slow.
  const milliseconds = (user + system) / 1000;
  tally.slowestMilliseconds = Math.max(tally.slowestMilliseconds, milliseconds);
  tally[end][entry.name] = (tally[end][entry.name] ?? 0) + 1;
  if (problem === undefined && milliseconds > slowMilliseconds) return `took ${milliseconds.toFixed(0)} ms`;
  return problem;
}
