/** A length of time, so that nobody takes it for a number. */
export class Span {
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    this.milliseconds = milliseconds;
  }
}

/** A cell while a query runs: `null` is Kusto's null, a plain object or array is `dynamic`. */
export type Value =
  | string
  | number
  | boolean
  | Date
  | Span
  | null
  | readonly unknown[]
  | { readonly [name: string]: unknown };

export type Row = Readonly<Record<string, Value>>;

/** A query asks for something that this small evaluator does not do. */
export class NotDoneError extends Error {
  override readonly name = 'NotDoneError';
}

/** Two values of one kind: negative, zero, positive; `undefined` when they cannot be compared, as with null. */
export function compare(one: Value, other: Value): number | undefined {
  const [left, right] = [comparable(one), comparable(other)];
  if (left === undefined || right === undefined || typeof left !== typeof right) return undefined;
  return left < right ? -1 : left > right ? 1 : 0;
}

function comparable(value: Value): string | number | undefined {
  if (value instanceof Date) return value.getTime();
  if (value instanceof Span) return value.milliseconds;
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}

/** Kusto's `tostring`: null is empty text, what is dynamic is JSON. */
export function textOf(value: Value | undefined): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Span) return String(value.milliseconds);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What a row is grouped by. */
export function keyOf(values: readonly Value[]): string {
  return JSON.stringify(values.map((value) => (value instanceof Date ? ['time', value.getTime()] : value)));
}
