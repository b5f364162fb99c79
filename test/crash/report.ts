import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RowResult } from './live-through.ts';

/** Where the report is written. */
const file = 'dist/crash-report.json';
/** One line a row while the tests run: they run in several processes. */
const lines = 'dist/crash-report.jsonl';

/** Adds a row to the report. */
export function report(result: RowResult): void {
  appendFileSync(lines, `${JSON.stringify(result)}\n`);
}

/** Vitest calls this before all tests. */
export function setup(): void {
  mkdirSync(dirname(file), { recursive: true });
  rmSync(lines, { force: true });
}

/** Vitest calls this after all tests: makes one file of the rows, and prints them as a table. */
export function teardown(): void {
  const rows = rowsIn(lines);
  writeFileSync(file, `${JSON.stringify({ rows }, undefined, 2)}\n`);
  rmSync(lines, { force: true });
  console.log(`\n${tableOf(rows)}\n${rows.length} rows in ${file}`);
}

function rowsIn(path: string): readonly RowResult[] {
  try {
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RowResult);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const columns = [
  ['worker', 'before the effect'],
  ['worker', 'after the effect'],
  ['worker', 'after the result is stored'],
  ['host', 'before the effect'],
  ['host', 'after the effect'],
  ['host', 'after the result is stored'],
  ['Azurite', 'before the effect'],
  ['Azurite', 'after the effect'],
] as const;

/** One line a write; a column for each process and point. `-`: not in the matrix. */
function tableOf(rows: readonly RowResult[]): string {
  const names = [...new Set(rows.map(({ stage, effect }) => `${stage}: ${effect}`))];
  const cell = (name: string, [killed, point]: (typeof columns)[number]): string => {
    const row = rows.find(
      (one) => `${one.stage}: ${one.effect}` === name && one.killed === killed && one.point === point,
    );
    return row === undefined ? '-' : row.problems.length === 0 ? row.outcome : 'FAILED';
  };
  const head = [
    'killed',
    ...columns.map(([killed, point]) => `${killed} ${point.split(' ')[0]}${point.endsWith('stored') ? ' stored' : ''}`),
  ];
  const body = names.map((name) => [name, ...columns.map((column) => cell(name, column))]);
  const widths = head.map((_, index) => Math.max(...[head, ...body].map((line) => line[index]?.length ?? 0)));
  return [head, ...body]
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
