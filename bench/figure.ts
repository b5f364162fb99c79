/** A figure is met at this value or beyond it. */
export type Aim = { readonly atLeast: number } | { readonly atMost: number };

/** One number that a bench found, in one run on one machine. */
export interface Figure {
  /** What was measured, as a person reads it. */
  readonly what: string;
  /** The median of the rounds, or the one value there is. */
  readonly value: number;
  readonly unit: string;
  /** Lowest and highest of the rounds; absent when there was one. */
  readonly spread?: readonly [number, number];
  readonly aim?: Aim;
}

/** What one bench answers with. */
export interface Report {
  readonly bench: string;
  readonly figures: readonly Figure[];
  /** Rows that explain the figures: calls by kind, time by module. */
  readonly details?: readonly Detail[];
}

export interface Detail {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** The median of interleaved rounds, with its spread. Throws `TypeError` for no round. */
export function figureOf(what: string, unit: string, rounds: readonly number[], aim?: Aim): Figure {
  const sorted = [...rounds].sort((one, other) => one - other);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if (lowest === undefined || highest === undefined) throw new TypeError(`bench: ${what}: no round was run`);
  const middle = sorted.length >> 1;
  const value =
    sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return { what, unit, value, ...(sorted.length > 1 && { spread: [lowest, highest] }), ...(aim && { aim }) };
}

export function isMet({ value, aim }: Figure): boolean {
  if (aim === undefined) return true;
  return 'atLeast' in aim ? value >= aim.atLeast : value <= aim.atMost;
}
