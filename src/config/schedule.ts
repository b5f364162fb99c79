import type { Parsed } from './parse.ts';

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly words?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly Field[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, words: MONTHS },
  { name: 'day of week', min: 0, max: 6, words: DAYS },
];

/** A timer schedule as Azure Functions reads it (NCRONTAB): six fields, the first one seconds. */
export function parseSchedule(text: string): Parsed<string> {
  const fields = text.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return { problem: `has ${fields.length} fields; write six: second minute hour day month day-of-week` };
  }
  const wrong = FIELDS.filter((field, place) => !isField(fields[place] ?? '', field)).map(({ name }) => name);
  if (wrong.length === 0) return { value: fields.join(' ') };
  return { problem: `is "${text.slice(0, 100)}"; mend its ${wrong.join(', ')}` };
}

function isField(text: string, field: Field): boolean {
  return text.split(',').every((part) => isPart(part, field));
}

/** `*`, `5`, `1-5`, each with an optional `/step`. */
function isPart(text: string, field: Field): boolean {
  const [range = '', step, ...rest] = text.split('/');
  if (rest.length > 0) return false;
  if (step !== undefined && !(/^\d{1,4}$/.test(step) && Number(step) > 0)) return false;
  return range === '*' || isRange(range, field);
}

function isRange(text: string, field: Field): boolean {
  const ends = text.split('-').map((end) => numberOf(end, field));
  const [from = Number.NaN, to = from] = ends;
  return ends.length <= 2 && from >= field.min && to <= field.max && from <= to;
}

function numberOf(text: string, { min, words = [] }: Field): number {
  const word = words.findIndex((candidate) => text.toLowerCase().startsWith(candidate) && /^[a-z]+$/i.test(text));
  if (word >= 0) return word + min;
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
}
