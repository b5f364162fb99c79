import { healthProblems } from '../api/health.ts';
import { callProblems } from '../api/problems.ts';
import { errorCodes, RenewalError } from '../errors.ts';
import { logFields, logLines } from '../renewal/log-fields.ts';
import { metrics } from '../renewal/metrics.ts';
import { outcomes, reasons } from '../renewal/outcomes.ts';
import { type Setting, settings } from './settings.ts';

/** Every app setting. */
export function settingsTable(): string {
  const rows = Object.values<Setting>(settings).map((setting) => [
    code(setting.name),
    needOf(setting),
    setting.default === undefined ? '' : code(setting.default),
    setting.meaning,
    code(setting.example),
  ]);
  return table(['Setting', 'Needed', 'Default', 'Meaning', 'Example'], rows);
}

/** Every way a renewal can end. */
export function outcomesTable(): string {
  return table(['Outcome', 'Meaning'], entriesOf(outcomes));
}

/** Every reason why a renewal was started, refused, stopped. */
export function reasonsTable(): string {
  return table(['Reason', 'Meaning'], entriesOf(reasons));
}

/** Every error code, and whether the same call may succeed later without anybody doing anything. */
export function errorsTable(): string {
  const rows = Object.entries(errorCodes).map(([name, { retry, meaning }]) => [code(name), yesNo(retry), meaning]);
  return table(['Code', 'Tried again', 'Meaning'], rows);
}

/** Every problem that a call over HTTP can have by itself. */
export function problemsTable(): string {
  const rows = Object.entries(callProblems).map(([name, { status, meaning }]) => [code(name), String(status), meaning]);
  return table(['Code', 'Status', 'Meaning'], rows);
}

/** Everything that can be wrong with the app as a whole. */
export function healthTable(): string {
  return table(['Code', 'Meaning'], entriesOf(healthProblems));
}

/** Every line that the app logs, and when. */
export function linesTable(): string {
  const rows = Object.entries(logLines).map(([name, { written, fields }]) => [
    code(name),
    written,
    fields.map(code).join(', '),
  ]);
  return table(['Line', 'Written', 'Fields'], rows);
}

/** Every field of those lines. */
export function fieldsTable(): string {
  const rows = Object.entries(logFields).map(([name, { type, meaning }]) => [code(name), type, meaning]);
  return table(['Field', 'Type', 'Meaning'], rows);
}

/** Every metric. */
export function metricsTable(): string {
  const rows = Object.entries(metrics).map(([name, { unit, dimensions, written, meaning }]) => [
    code(name),
    unit,
    dimensions.map(code).join(', '),
    written,
    meaning,
  ]);
  return table(['Metric', 'Unit', 'Dimensions', 'Written', 'Meaning'], rows);
}

const tables = {
  settings: settingsTable,
  outcomes: outcomesTable,
  reasons: reasonsTable,
  errors: errorsTable,
  problems: problemsTable,
  health: healthTable,
  lines: linesTable,
  fields: fieldsTable,
  metrics: metricsTable,
} as const satisfies Record<string, () => string>;

const PLACE = /<!-- table: ([a-z]+) -->(?:(?!<!-- end of table -->)[\s\S])*<!-- end of table -->/g;

/** A page with every table between `<!-- table: NAME -->` and `<!-- end of table -->` made anew; `more`: tables of others. */
export function fillTables(page: string, more: Readonly<Record<string, () => string>> = {}): string {
  const known: Readonly<Record<string, () => string>> = { ...tables, ...more };
  return page.replace(PLACE, (_, name: string) => {
    const make = Object.hasOwn(known, name) ? known[name] : undefined;
    if (make === undefined) throw new RenewalError('bug', `docs: no table is named ${name}`);
    return `<!-- table: ${name} -->\n\n${make()}\n\n<!-- end of table -->`;
  });
}

/** Whether a setting has to be there; the storage is given in one of two ways. */
function needOf({ name, required, secret }: Setting): string {
  const storage: readonly string[] = [
    settings.storageConnection.name,
    settings.tableEndpoint.name,
    settings.blobEndpoint.name,
  ];
  const need = storage.includes(name) ? 'one of two ways' : yesNo(required);
  return secret ? `${need}; secret` : need;
}

function entriesOf(meanings: Readonly<Record<string, string>>): readonly (readonly string[])[] {
  return Object.entries(meanings).map(([name, meaning]) => [code(name), meaning]);
}

/** Columns are evened out, as the project's formatter leaves them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(cell));
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  const [first = [], ...rest] = lines;
  const even = (line: readonly string[]) => line.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ');
  return [first, rule, ...rest].map((line) => `| ${even(line)} |`).join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function code(text: string): string {
  return `\`${text}\``;
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
