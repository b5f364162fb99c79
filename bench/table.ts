import { type Detail, type Figure, isMet, type Report } from './figure.ts';

/** A report as lines of text: figures first, then what explains them. */
export function tableOf({ bench, figures, details = [] }: Report): string {
  const columns = ['figure', 'value', 'spread', 'aim', ''];
  const own: Detail = { title: bench, columns, rows: figures.map(rowOf) };
  return [own, ...details].map(textOf).join('\n\n');
}

function rowOf(figure: Figure): readonly string[] {
  const { what, value, unit, spread, aim } = figure;
  const shown = aim === undefined ? '' : 'atLeast' in aim ? `>= ${aim.atLeast}` : `<= ${aim.atMost}`;
  const met = aim === undefined ? '' : isMet(figure) ? 'met' : 'MISSED';
  return [
    what,
    `${short(value)} ${unit}`.trim(),
    spread === undefined ? '' : spread.map(short).join(' … '),
    shown,
    met,
  ];
}

function textOf({ title, columns, rows }: Detail): string {
  const cells = [columns, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? short(cell) : cell)))];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)));
  const numeric = columns.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === 'number'));
  const lines = cells.map((row) => row.map((cell, at) => pad(cell, widths[at] ?? 0, numeric[at] ?? false)).join('  '));
  return [title, ...lines.map((line) => `  ${line.trimEnd()}`)].join('\n');
}

function pad(cell: string, width: number, toRight: boolean): string {
  return toRight ? cell.padStart(width) : cell.padEnd(width);
}

/** Three digits that count. */
function short(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
