import { createRequire } from 'node:module';

/** A node of a query's syntax tree, made plain: what the evaluator works on. */
export interface Node {
  /** As the language package names it: `FilterOperator`, `NameReference`, … */
  readonly kind: string;
  /** Of a token, without the blanks before it; empty of other nodes. */
  readonly text: string;
  readonly children: readonly Node[];
  /** Of a literal. Spans are milliseconds, times milliseconds since 1970. */
  readonly value?: string | number | boolean;
}

/** A column of an answer; the type as Kusto names it. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** What Microsoft's language package made of a query. */
export type ParsedQuery =
  | { readonly state: 'read'; readonly tree: Node; readonly columns: readonly Column[] }
  | { readonly state: 'wrong'; readonly code: string; readonly message: string; readonly isSyntax: boolean };

/** Columns by name; types as Kusto names them. */
export type Schema = Readonly<Record<string, string>>;

/** The few names of the package that are used: its own declarations are two megabytes, and global. */
interface Listed<T> {
  readonly Count: number;
  getItem(index: number): T;
}
interface Syntax {
  readonly Kind: number;
  readonly ChildCount: number;
  readonly LiteralValue?: unknown;
  GetChild(index: number): Syntax | null;
  /** 0: with nothing of the blanks and comments that stand before. */
  ToString(includeTrivia: number): string;
}
interface Code {
  readonly Syntax: Syntax;
  readonly ResultType: {
    readonly Columns?: Listed<{ readonly Name: string; readonly Type: { readonly Name: string } }>;
  } | null;
  GetDiagnostics(): Listed<{ readonly Message: string; readonly Code: string }>;
}
interface Language {
  readonly GlobalState: { readonly Default: { WithDatabase(database: object): object } };
  readonly KustoCode: {
    Parse(text: string): Code;
    ParseAndAnalyze(text: string, globals: object): Code;
  };
  readonly Syntax: { readonly SyntaxKind: object };
  readonly Symbols: {
    readonly TableSymbol: { readonly $ctor7: new (name: string, schema: string, description: null) => object };
    readonly DatabaseSymbol: { readonly ctor: new (name: string, members: readonly object[]) => object };
  };
}
interface Loaded {
  readonly language: Language;
  readonly nameOf: (kinds: object, kind: number) => string;
}

let loaded: Loaded | undefined;

/** The package knows no modules: loaded, it is global. It takes seconds, so that it waits for the first query. */
function load(): Loaded {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  for (const part of ['bridge', 'Kusto.Language.Bridge']) require(`@kusto/language-service-next/${part}.min.js`);
  const { Kusto, System } = globalThis as unknown as {
    Kusto: { Language: Language };
    System: { Enum: { toString: Loaded['nameOf'] } };
  };
  loaded = { language: Kusto.Language, nameOf: (kinds, kind) => System.Enum.toString(kinds, kind) };
  return loaded;
}

/** Parses a query and resolves its names against the tables. Nothing is run. */
export function parseQuery(text: string, tables: Readonly<Record<string, Schema>>): ParsedQuery {
  const { language } = load();
  const [syntax] = listed(language.KustoCode.Parse(text).GetDiagnostics());
  if (syntax !== undefined) return { state: 'wrong', code: syntax.Code, message: syntax.Message, isSyntax: true };
  const code = language.KustoCode.ParseAndAnalyze(text, globalsOf(language, tables));
  const [wrong] = listed(code.GetDiagnostics());
  if (wrong !== undefined) return { state: 'wrong', code: wrong.Code, message: wrong.Message, isSyntax: false };
  const columns = code.ResultType?.Columns;
  return {
    ...{ state: 'read', tree: plain(code.Syntax) },
    columns: columns === undefined ? [] : listed(columns).map(({ Name, Type }) => ({ name: Name, type: Type.Name })),
  };
}

function globalsOf({ Symbols, GlobalState }: Language, tables: Readonly<Record<string, Schema>>): object {
  const known = Object.entries(tables).map(([name, columns]) => {
    const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
    return new Symbols.TableSymbol.$ctor7(name, `(${schema.join(', ')})`, null);
  });
  return GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('workspace', known));
}

function plain(syntax: Syntax): Node {
  const { language, nameOf } = load();
  const kind = nameOf(language.Syntax.SyntaxKind, syntax.Kind);
  const children = Array.from({ length: syntax.ChildCount }, (_, index) => syntax.GetChild(index))
    .filter((child) => child !== null)
    .map(plain);
  const text = children.length === 0 ? syntax.ToString(0).trim() : '';
  const value = literal(kind, syntax);
  return { kind, text, children, ...(value !== undefined && { value }) };
}

/** A time is read from its text: the package keeps times in a form of its own. */
function literal(kind: string, syntax: Syntax): string | number | boolean | undefined {
  const { LiteralValue: value } = syntax;
  switch (kind) {
    case 'StringLiteralExpression':
      return String(value);
    case 'LongLiteralExpression':
    case 'RealLiteralExpression':
      return Number(String(value));
    case 'BooleanLiteralExpression':
      return String(value) === 'True';
    case 'TimespanLiteralExpression':
      return (value as { getTotalMilliseconds(): number }).getTotalMilliseconds();
    case 'DateTimeLiteralExpression':
      return Date.parse(/\(\s*['"]?([^'")]*?)['"]?\s*\)/.exec(syntax.ToString(0))?.[1] ?? '');
    default:
      return undefined;
  }
}

function listed<T>(list: Listed<T>): readonly T[] {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}
