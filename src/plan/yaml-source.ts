import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { type Finding, type Path, type Position, type Problem, pathText } from './problem.ts';

/** A YAML (or JSON) text: its value, what is wrong with it as YAML, and where its parts stand. */
export interface YamlSource {
  readonly value: unknown;
  /** Syntax errors; when there are any, `value` is `undefined`, because half a tree would only raise false alarms. */
  readonly syntaxProblems: readonly Problem[];
  /** Mistakes that leave the tree readable: keys that are there twice or are no plain words. */
  readonly keyProblems: readonly Problem[];
  locate(finding: Finding): Problem;
}

const MAX_CHARACTERS = 16 * 1024 * 1024;
const START: Position = { line: 1, column: 1 };

export function readYaml(text: string): YamlSource {
  if (text.length > MAX_CHARACTERS) return unreadable('is larger than 16 MiB', 'split the estate');
  const lines = new LineCounter();
  const document = parsed(text, lines);
  if (document === undefined) return unreadable('is nested too deeply', 'write it flat, as the documentation shows');
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = document.errors.map(({ code, message, pos }) => ({ code, ...at(pos[0]), ...syntax(code, message) }));
  const syntaxProblems = problems.filter(({ code }) => code !== 'DUPLICATE_KEY').map(withoutCode);
  if (syntaxProblems.length > 0) return { ...unreadable('', ''), syntaxProblems };
  const value = valueOfDocument(document);
  if (value instanceof Error) return unreadable(`cannot be read: ${value.message}`, 'use fewer aliases');
  const keyProblems = [...problems.map(withoutCode), ...oddKeys(document, at)];
  const locate = ({ path, at: part, problem, fix }: Finding): Problem => {
    return { ...at(offsetOf(document, path, part)), path: pathText(path), problem, fix };
  };
  return { value, syntaxProblems: [], keyProblems, locate };
}

/** `undefined` where the parser, which goes down by recursion, has met the end of the stack. */
function parsed(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function unreadable(problem: string, fix: string): YamlSource {
  const locate = (finding: Finding): Problem => ({ ...START, ...finding, path: pathText(finding.path) });
  return { value: undefined, syntaxProblems: [{ ...START, path: '', problem, fix }], keyProblems: [], locate };
}

function syntax(code: string, message: string): Omit<Problem, keyof Position> {
  if (code === 'DUPLICATE_KEY')
    return { path: '', problem: 'has a key that is there twice', fix: 'remove one of the two' };
  return { path: '', problem: `is no valid YAML: ${message}`, fix: 'mend the syntax' };
}

function withoutCode({ line, column, path, problem, fix }: Problem): Problem {
  return { line, column, path, problem, fix };
}

/** Turning a document into a value fails only for aliases: too many of them (a bomb), or one without its anchor. */
function valueOfDocument(document: Document): unknown {
  try {
    return document.toJS();
  } catch (error) {
    return error instanceof Error ? error : new TypeError(String(error));
  }
}

/** Keys that JavaScript would rewrite or swallow: they are never meant. */
function oddKeys(document: Document, at: (offset: number) => Position): readonly Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      const isPlain = isScalar(key) && ['string', 'number'].includes(typeof key.value) && key.value !== '__proto__';
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      const odd = { problem: 'has a key that is no plain word', fix: 'write letters, digits and hyphens' };
      if (!isPlain) problems.push({ ...at(offset), path: '', ...odd });
    },
  });
  return problems;
}

/** Where the entry is; for one that is missing, the key of what should hold it. */
function offsetOf(document: Document, path: Path, part: Finding['at']): number {
  let node: unknown = document.contents;
  let key = startOf(node) ?? 0;
  let value = key;
  for (const step of path) {
    const found = childOf(resolve(node, document), step);
    if (found === undefined) return key;
    value = startOf(found.value) ?? startOf(found.key) ?? key;
    key = startOf(found.key) ?? value;
    node = found.value;
  }
  return part === 'key' ? key : value;
}

function childOf(node: unknown, step: string | number): { key?: unknown; value: unknown } | undefined {
  if (isSeq(node) && typeof step === 'number') return { value: node.items[step] };
  if (!isMap(node)) return undefined;
  return node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
}

function resolve(node: unknown, document: Document): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
