import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindsOf } from './options.ts';
import type { Mode, SeedOptions } from './run-seed.ts';

/** A seed that has found a bug once. */
export interface Regression {
  readonly given: SeedOptions;
  /** What it was. */
  readonly tells: string;
}

const LINE = /^(?<seed>\d+) (?<mode>safety|liveness) (?<faults>\S+) (?<tells>.+)$/;

/** Reads lines of `seed mode faults what it was`; `#` begins a comment. Throws a TypeError that names a line it cannot read. */
export function readRegressions(text: string): readonly Regression[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const { seed, mode, faults = '-', tells } = LINE.exec(line)?.groups ?? {};
    if (tells === undefined)
      throw new TypeError(`regressions, line ${index + 1}: write "seed mode faults what it was"`);
    const choice = faults === '-' ? {} : { kinds: kindsOf(faults) };
    return [{ given: { seed: Number(seed), mode: mode as Mode, choice }, tells }];
  });
}

/** Of the project in the working directory. */
export function knownRegressions(): readonly Regression[] {
  return readRegressions(readFileSync(join('test', 'sim', 'regressions.txt'), 'utf8'));
}
