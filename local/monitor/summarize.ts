import type { Node } from './kusto-tree.ts';
import { evaluate, itemsOf, nameIn, notDone } from './scalars.ts';
import { compare, keyOf, NotDoneError, type Row, type Value } from './values.ts';

/** `summarize`: one row a group. Without `by` there is one group, be it empty. */
export function summarize(node: Node, rows: readonly Row[], now: Date): readonly Row[] {
  const lists = node.children.filter(({ kind }) => kind === 'List');
  const aggregates = itemsOf(lists.at(-1));
  const by = itemsOf(node.children.find(({ kind }) => kind === 'SummarizeByClause'));
  const groups = new Map<string, { readonly key: Row; readonly rows: Row[] }>();
  if (by.length === 0) groups.set('', { key: {}, rows: [] });
  for (const row of rows) {
    const key = Object.fromEntries(by.map((one) => named(one, { row, now })));
    const text = by.length === 0 ? '' : keyOf(Object.values(key));
    const group = groups.get(text) ?? { key, rows: [] };
    group.rows.push(row);
    groups.set(text, group);
  }
  return [...groups.values()].map(({ key, rows: members }) =>
    Object.assign({ ...key }, ...aggregates.map((one) => aggregate(one, members, now))),
  );
}

/** `name = expression`, or an expression that has a name by itself. */
export function named(node: Node, scope: { readonly row: Row; readonly now: Date }): readonly [string, Value] {
  const [first, , third] = node.children;
  if (node.kind === 'SimpleNamedExpression' && first !== undefined && third !== undefined) {
    return [nameIn(first), evaluate(third, scope)];
  }
  if (node.kind === 'NameReference') return [nameIn(node), evaluate(node, scope)];
  throw new NotDoneError('an expression without a name of its own: write name = …');
}

const kept: Readonly<Record<string, -1 | 1>> = { min: -1, max: 1, arg_min: -1, arg_max: 1 };

function aggregate(node: Node, rows: readonly Row[], now: Date): Row {
  const [first, , third] = node.children;
  const isNamed = node.kind === 'SimpleNamedExpression';
  const call = isNamed ? third : node;
  const [called, list] = call?.children ?? [];
  if (call?.kind !== 'FunctionCallExpression' || called === undefined) throw notDone(call ?? node);
  const name = nameIn(called);
  const given = itemsOf(list);
  const at = (one: Node, row: Row): Value => evaluate(one, { row, now });
  const [by, ...others] = given;
  const column = isNamed && first !== undefined ? nameIn(first) : `${name}_${by === undefined ? '' : nameIn(by)}`;
  if (name === 'count' && by === undefined) return { [column]: rows.length };
  if (name === 'countif' && by !== undefined) return { [column]: rows.filter((row) => at(by, row) === true).length };
  const direction = Object.hasOwn(kept, name) ? kept[name] : undefined;
  if (direction === undefined || by === undefined) throw new NotDoneError(`the aggregate ${name}`);
  const best = bestOf(rows, (row) => at(by, row), direction);
  if (!name.startsWith('arg_')) return { [column]: best === undefined ? null : at(by, best) };
  const columns = [by, ...others].map((one) => [nameIn(one), best === undefined ? null : at(one, best)] as const);
  return Object.fromEntries(columns);
}

function bestOf(rows: readonly Row[], measure: (row: Row) => Value, direction: -1 | 1): Row | undefined {
  return rows.reduce<Row | undefined>((best, row) => {
    if (measure(row) === null) return best;
    if (best === undefined) return row;
    return (compare(measure(row), measure(best)) ?? 0) * direction > 0 ? row : best;
  }, undefined);
}
