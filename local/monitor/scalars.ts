import type { Node } from './kusto-tree.ts';
import { compare, NotDoneError, type Row, Span, textOf, type Value } from './values.ts';

/** What an expression is worked out with. */
export interface Scope {
  readonly row: Row;
  readonly now: Date;
}

type Evaluate = (node: Node, scope: Scope) => Value;

/** The value of an expression in one row. Throws `NotDoneError` at anything that is not listed here. */
export const evaluate: Evaluate = (node, scope) => {
  const [first, second, third] = node.children;
  if (node.value !== undefined) return literal(node);
  if (first === undefined) throw notDone(node);
  if (node.kind === 'NameReference') return column(node, scope);
  if (node.kind === 'ParenthesizedExpression' && second !== undefined) return evaluate(second, scope);
  if (node.kind === 'UnaryMinusExpression' && second !== undefined) return -Number(evaluate(second, scope));
  if (node.kind === 'FunctionCallExpression') return call(node, scope);
  if (node.kind === 'PathExpression' && third !== undefined) return member(evaluate(first, scope), nameIn(third));
  if (node.kind === 'ElementExpression' && second !== undefined) {
    return member(evaluate(first, scope), evaluate(inBrackets(second), scope));
  }
  if (second === undefined || third === undefined) throw notDone(node);
  return binary(node, { operator: second.text, left: first, right: third }, scope);
};

/** The name that a reference or a declaration holds. */
export function nameIn(node: Node): string {
  if (node.children.length === 0) return node.text.replace(/^\[?['"]|['"]\]?$/g, '');
  return node.children.map(nameIn).join('');
}

/** The members of a list between commas. */
export function itemsOf(node: Node | undefined): readonly Node[] {
  const list = node?.kind === 'List' ? node : node?.children.find(({ kind }) => kind === 'List');
  return (list?.children ?? []).flatMap(({ kind, children }) =>
    kind === 'SeparatedElement' ? children.slice(0, 1) : [],
  );
}

export function notDone({ kind, text }: Node): NotDoneError {
  return new NotDoneError(`${kind}${text === '' ? '' : ` ${text}`}`);
}

function literal({ kind, value }: Node): Value {
  if (kind === 'TimespanLiteralExpression') return new Span(Number(value));
  if (kind === 'DateTimeLiteralExpression') return new Date(Number(value));
  return value ?? null;
}

function column(node: Node, { row }: Scope): Value {
  const name = nameIn(node);
  if (!Object.hasOwn(row, name)) throw new NotDoneError(`the name ${name}`);
  return row[name] ?? null;
}

function inBrackets(node: Node): Node {
  const inner = node.children[1];
  if (node.kind !== 'BracketedExpression' || inner === undefined) throw notDone(node);
  return inner;
}

/** Of a list an index, counted from its end when it is negative; of an object a name. */
function member(of: Value, by: Value): Value {
  if (Array.isArray(of)) return (of.at(Number(by)) ?? null) as Value;
  if (typeof of !== 'object' || of === null || typeof by !== 'string') return null;
  return Object.hasOwn(of, by) ? (((of as Record<string, unknown>)[by] ?? null) as Value) : null;
}

const functions: Readonly<Record<string, (given: readonly Value[], scope: Scope) => Value>> = {
  ago: ([span], { now }) => new Date(now.getTime() - (span instanceof Span ? span.milliseconds : Number.NaN)),
  now: (_, { now }) => now,
  not: ([value]) => value !== true,
  tostring: ([value]) => textOf(value),
  tolower: ([value]) => textOf(value).toLowerCase(),
  isnotempty: ([value]) => textOf(value) !== '',
  isempty: ([value]) => textOf(value) === '',
  coalesce: (given) => given.find((value) => textOf(value) !== '') ?? given.at(-1) ?? null,
  split: ([value, by]) => textOf(value).split(textOf(by)),
};

function call(node: Node, scope: Scope): Value {
  const [name, list] = node.children;
  const called = name === undefined ? '' : nameIn(name);
  const run = Object.hasOwn(functions, called) ? functions[called] : undefined;
  if (run === undefined) throw new NotDoneError(`the function ${called}`);
  return run(
    itemsOf(list).map((one) => evaluate(one, scope)),
    scope,
  );
}

const texts: Readonly<Record<string, (left: string, right: string) => boolean>> = {
  contains: (left, right) => left.includes(right),
  startswith: (left, right) => left.startsWith(right),
  endswith: (left, right) => left.endsWith(right),
};

interface Binary {
  readonly operator: string;
  readonly left: Node;
  readonly right: Node;
}

function binary(node: Node, { operator, left, right }: Binary, scope: Scope): Value {
  if (operator === 'and') return evaluate(left, scope) === true && evaluate(right, scope) === true;
  if (operator === 'or') return evaluate(left, scope) === true || evaluate(right, scope) === true;
  const value = evaluate(left, scope);
  const turned = operator.startsWith('!') && operator !== '!=';
  const positive = turned ? operator.slice(1) : operator;
  const answer = decide(node, { value, operator: positive, right }, scope);
  return turned ? !answer : answer;
}

function decide(
  node: Node,
  { value, operator, right }: { value: Value; operator: string; right: Node },
  scope: Scope,
): boolean {
  if (operator === 'between') return isBetween(value, right, scope);
  if (operator === 'in' || operator === 'in~') {
    const equal = operator === 'in' ? isEqual : isAlike;
    return itemsOf(right).some((one) => equal(value, evaluate(one, scope)));
  }
  const other = evaluate(right, scope);
  // Kusto's plain words do not look at case, those that end in _cs do.
  const [, word = '', strict] = /^(\w+?)(_cs)?$/.exec(operator) ?? [];
  const test = Object.hasOwn(texts, word) ? texts[word] : undefined;
  if (test !== undefined) return test(fold(value, strict), fold(other, strict));
  if (operator === '==') return isEqual(value, other);
  if (operator === '!=') return !isEqual(value, other);
  if (operator === '=~' || operator === '~') return isAlike(value, other);
  const order = compare(value, other);
  if (operator === '<') return order !== undefined && order < 0;
  if (operator === '>') return order !== undefined && order > 0;
  if (operator === '<=') return order !== undefined && order <= 0;
  if (operator === '>=') return order !== undefined && order >= 0;
  throw notDone(node);
}

/** Both ends count; an end may be a time after the first. */
function isBetween(value: Value, couple: Node, scope: Scope): boolean {
  const [, from, , to] = couple.children;
  if (from === undefined || to === undefined) throw notDone(couple);
  const least = evaluate(from, scope);
  const end = evaluate(to, scope);
  const most = least instanceof Date && end instanceof Span ? new Date(least.getTime() + end.milliseconds) : end;
  const [above, below] = [compare(value, least), compare(value, most)];
  return above !== undefined && below !== undefined && above >= 0 && below <= 0;
}

const isEqual = (one: Value, other: Value): boolean => compare(one, other) === 0;
const isAlike = (one: Value, other: Value): boolean => fold(one) === fold(other);
const fold = (value: Value, strict?: string): string =>
  strict === undefined ? textOf(value).toLowerCase() : textOf(value);
