import type { Column, Node, ParsedQuery, Schema } from './kusto-tree.ts';
import { evaluate, itemsOf, nameIn, notDone } from './scalars.ts';
import { named, summarize } from './summarize.ts';
import { compare, NotDoneError, type Row, type Value } from './values.ts';

/** What a query runs on. */
export interface Source {
  readonly now: Date;
  readonly tables: Readonly<Record<string, Schema>>;
  rows(table: string): readonly Row[];
}

/** An answer: columns in their order. */
export interface Result {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Value[])[];
}

/** Runs a query of one statement. Throws `NotDoneError` for what is not listed below. */
export function run({ tree, columns }: Extract<ParsedQuery, { state: 'read' }>, source: Source): Result {
  const statements = itemsOf(tree.children.findLast(({ kind }) => kind === 'List'));
  const [statement] = statements;
  const [expression] = statement?.children ?? [];
  if (statements.length !== 1 || statement?.kind !== 'ExpressionStatement' || expression === undefined) {
    throw new NotDoneError('anything but one statement that is a query');
  }
  const cells = (row: Row) => columns.map(({ name }) => cell(row, name));
  return { columns, rows: flow(expression, source).map(cells) };
}

function cell(row: Row, name: string): Value {
  const value = row[name];
  // The language package names the columns, this file makes them: they have to agree.
  if (value === undefined) throw new NotDoneError(`a column that is named ${name} by itself`);
  return value;
}

function flow(node: Node, source: Source): readonly Row[] {
  if (node.kind === 'PipeExpression') {
    const [before, , operator] = node.children;
    if (before === undefined || operator === undefined) throw notDone(node);
    const step = Object.hasOwn(operators, operator.kind) ? operators[operator.kind] : undefined;
    if (step === undefined) throw notDone(operator);
    return step(operator, flow(before, source), source.now);
  }
  if (node.kind !== 'NameReference') throw notDone(node);
  const name = nameIn(node);
  const schema = Object.hasOwn(source.tables, name) ? source.tables[name] : undefined;
  if (schema === undefined) throw new NotDoneError(`the table ${name}`);
  const columns = Object.entries(schema);
  const empty = Object.fromEntries(columns.map(([column, type]) => [column, type === 'string' ? '' : null]));
  return source.rows(name).map((row) => ({ ...empty, ...row }));
}

const operators: Readonly<Record<string, (node: Node, rows: readonly Row[], now: Date) => readonly Row[]>> = {
  FilterOperator: (node, rows, now) => {
    const condition = lastOf(node);
    return rows.filter((row) => evaluate(condition, { row, now }) === true);
  },
  ProjectOperator: (node, rows, now) => {
    const items = itemsOf(lastOf(node));
    return rows.map((row) => rowOf(items, row, now));
  },
  ExtendOperator: (node, rows, now) => {
    const items = itemsOf(lastOf(node));
    return rows.map((row) => ({ ...row, ...rowOf(items, row, now) }));
  },
  SummarizeOperator: summarize,
  SortOperator: (node, rows, now) => sorted(itemsOf(lastOf(node)), rows, now),
  TakeOperator: (node, rows, now) => rows.slice(0, Number(evaluate(lastOf(node), { row: {}, now }))),
  CountOperator: (_, rows) => [{ Count: rows.length }],
};

function lastOf(node: Node): Node {
  const last = node.children.at(-1);
  if (last === undefined) throw notDone(node);
  return last;
}

function rowOf(items: readonly Node[], row: Row, now: Date): Row {
  return Object.fromEntries(items.map((item) => named(item, { row, now })));
}

/** Descending unless it says `asc`; what cannot be compared stays as it was. */
function sorted(items: readonly Node[], rows: readonly Row[], now: Date): readonly Row[] {
  const keys = items.map((item) => {
    if (item.kind !== 'OrderedExpression') return { by: item, direction: -1 };
    const [by, clause] = item.children;
    const words = (clause?.children ?? []).map(({ text }) => text);
    if (by === undefined || words.length !== 1) throw notDone(clause ?? item);
    return { by, direction: words[0] === 'asc' ? 1 : -1 };
  });
  return rows.toSorted((one, other) => {
    for (const { by, direction } of keys) {
      const order = compare(evaluate(by, { row: one, now }), evaluate(by, { row: other, now })) ?? 0;
      if (order !== 0) return order * direction;
    }
    return 0;
  });
}
