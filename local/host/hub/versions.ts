import type { DurableOptions } from '../types.ts';

export type VersionOptions = Pick<DurableOptions, 'defaultVersion' | 'versionMatchStrategy'>;

/** Why this host does not run instances of `version`; `undefined` when it does. */
export function versionObjection(version: string | undefined, options: VersionOptions): string | undefined {
  const own = options.defaultVersion;
  if (own === undefined || options.versionMatchStrategy === 'None') return undefined;
  const order = compareVersions(version ?? '', own);
  const fits = options.versionMatchStrategy === 'Strict' ? order === 0 : order <= 0;
  if (fits) return undefined;
  return (
    `The orchestration's version '${version ?? ''}' does not fit this host's '${own}' ` +
    `(versionMatchStrategy ${options.versionMatchStrategy})`
  );
}

/** By number where both are of two to four numbers, otherwise as text without regard to case. No version is the oldest. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [numbers(one), numbers(other)];
  if (left === undefined || right === undefined) return compareText(one.toLowerCase(), other.toLowerCase());
  for (let place = 0; place < 4; place += 1) {
    // A missing place is less than zero in it, as .NET has it.
    const difference = (left[place] ?? -1) - (right[place] ?? -1);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

function numbers(version: string): readonly number[] | undefined {
  return /^\d+(\.\d+){1,3}$/.test(version) ? version.split('.').map(Number) : undefined;
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
