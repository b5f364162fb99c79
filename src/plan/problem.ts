/** Where a value stands in a file: both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One mistake in the estate file. `path` is like `certificates[3].targets[0].site`; empty for the file as a whole. */
export interface Problem extends Position {
  readonly path: string;
  /** Reads as the end of "the value …". */
  readonly problem: string;
  /** What to write instead, as an order. */
  readonly fix: string;
}

export type Path = readonly (string | number)[];

/** A mistake before its place is looked up. `at` says which part of the entry is wrong: its key or its value. */
export interface Finding {
  readonly path: Path;
  readonly at: 'key' | 'value';
  readonly problem: string;
  readonly fix: string;
}

export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

export function problemText({ line, column, path, problem, fix }: Problem): string {
  return `line ${line}, column ${column}: ${path === '' ? '' : `${path} `}${problem}; ${fix}`;
}
