import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Options } from './options.ts';
import { type Find, files, type Through } from './part.ts';
import { casesOf } from './table.ts';

/** So long may one input keep a part from the next one: far beyond slow, so that a busy machine does not count. */
const HANG_MILLISECONDS = 15_000;
const LOOK_MILLISECONDS = 250;

/** One part of a run, in as many processes as its inputs need: each that dies or hangs is a find, and the next goes on. */
export async function watchPart(program: string, options: Options): Promise<{ through: Through; finds: Find[] }> {
  const cases = casesOf(options.inputs, options.only);
  const deaths: Find[] = [];
  const throughs: Through[] = [];
  for (let from = 0; from < cases.length; ) {
    const ended = await watchProcess(program, { ...options, from });
    if ('through' in ended) {
      throughs.push(ended.through);
      break;
    }
    const found = cases[ended.at];
    if (found === undefined)
      throw new TypeError(`fuzz: part ${options.part} ended before its first input: ${ended.how}`);
    deaths.push({ entry: found.entry.name, index: found.index, problem: ended.how });
    from = ended.at + 1;
  }
  return { through: sumOf(throughs), finds: [...deaths, ...readFinds(options)] };
}

type Ended = { readonly through: Through } | { readonly at: number; readonly how: string };

function watchProcess(program: string, { seed, inputs, jobs, part, from, directory, only }: Options): Promise<Ended> {
  const numbers = { seed, inputs, jobs, part, from };
  const args = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = fork(program, [...args, '--directory', directory, '--only', only.join(',')], { execArgv: [] });
  return new Promise((resolve) => {
    let through: Through | undefined;
    let last = { at: -1, since: performance.now() };
    let how: string | undefined;
    const timer = setInterval(() => {
      const at = progressOf(directory, part);
      if (at !== last.at) last = { at, since: performance.now() };
      if (performance.now() - last.since < HANG_MILLISECONDS) return;
      how = `hangs: not done after ${HANG_MILLISECONDS / 1000} s`;
      child.kill('SIGKILL');
    }, LOOK_MILLISECONDS);
    child.on('message', (message) => {
      through = message as Through;
    });
    child.on('exit', (code, signal) => {
      clearInterval(timer);
      resolve(
        through === undefined
          ? { at: progressOf(directory, part), how: how ?? `the process ended with ${signal ?? code}` }
          : { through },
      );
    });
  });
}

/** The number of the input that a part is at; -1 before its first. */
function progressOf(directory: string, part: number): number {
  const file = files.progress(directory, part);
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return text === '' ? -1 : Number(text);
}

function readFinds({ directory, part }: Options): readonly Find[] {
  const file = files.finds(directory, part);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Find);
}

/** Adds up what several processes or parts have counted. */
export function sumOf(throughs: readonly Through[]): Through {
  const add = (pick: (one: Through) => Readonly<Record<string, number>>): Record<string, number> => {
    const sum: Record<string, number> = {};
    for (const [name, count] of throughs.flatMap((one) => Object.entries(pick(one))))
      sum[name] = (sum[name] ?? 0) + count;
    return sum;
  };
  return {
    taken: add(({ taken }) => taken),
    refused: add(({ refused }) => refused),
    slowestMilliseconds: Math.max(0, ...throughs.map(({ slowestMilliseconds }) => slowestMilliseconds)),
  };
}
