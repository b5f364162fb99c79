import { createRequire } from 'node:module';
import tables from '../../../local/monitor/log-tables.json' with { type: 'json' };
import { infraFiles, read } from './bicep-files.ts';

/** A query of the deployment, as Azure Monitor is sent it: an alert's with its placeholders filled in, or a tile's. */
export interface Query {
  /** The file in `infra/queries`, or the tile of the workbook. */
  readonly name: string;
  readonly text: string;
}

/** What Microsoft's language package says of a query. */
export interface Analysis {
  /** One sentence a mistake, with the place in the text. */
  readonly problems: readonly string[];
  /** Columns of the answer, by name; types as Kusto names them. */
  readonly columns: Readonly<Record<string, string>>;
}

/** The few names of the package that are used: its own declarations are two megabytes, and global. */
interface Listed<T> {
  readonly Count: number;
  getItem(index: number): T;
}
interface Code {
  readonly ResultType: {
    readonly Columns?: Listed<{ readonly Name: string; readonly Type: { readonly Name: string } }>;
  };
  GetDiagnostics(): Listed<{ readonly Message: string; readonly Code: string; readonly Start: number }>;
}
interface Language {
  readonly GlobalState: { readonly Default: { WithDatabase(database: object): object } };
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: object): Code };
  readonly Symbols: {
    readonly TableSymbol: { readonly $ctor7: new (name: string, schema: string, description: null) => object };
    readonly DatabaseSymbol: { readonly ctor: new (name: string, members: readonly object[]) => object };
  };
}

const { KustoCode, globals } = load();

/** The package knows no modules: loaded, it is the global `Kusto`. */
function load() {
  const require = createRequire(import.meta.url);
  for (const part of ['bridge', 'Kusto.Language.Bridge']) require(`@kusto/language-service-next/${part}.min.js`);
  const { Language } = (globalThis as unknown as { Kusto: { Language: Language } }).Kusto;
  const { TableSymbol, DatabaseSymbol } = Language.Symbols;
  const known = Object.entries(tables).map(([name, { columns }]) => {
    const schema = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
    return new TableSymbol.$ctor7(name, `(${schema.join(', ')})`, null);
  });
  const database = new DatabaseSymbol.ctor('workspace', known);
  return { KustoCode: Language.KustoCode, globals: Language.GlobalState.Default.WithDatabase(database) };
}

/** Parses a query and resolves its names against the documented tables. Nothing is run. */
export function analyse(text: string): Analysis {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const problems = each(code.GetDiagnostics()).map(({ Message, Code, Start }) => `${Code} at ${Start}: ${Message}`);
  const columns = code.ResultType?.Columns;
  const named = columns === undefined ? [] : each(columns).map(({ Name, Type }) => [Name, Type.Name] as const);
  return { problems, columns: Object.fromEntries(named) };
}

function each<T>(list: Listed<T>): readonly T[] {
  return Array.from({ length: list.Count }, (_, index) => list.getItem(index));
}

/** What Bicep puts into the queries of alerts; readers are joined as `infra/modules/alerts.bicep` joins them. */
const filled: Readonly<Record<string, string>> = {
  stuckHours: '24',
  expectedReaders: ['6b1f0c1e-6f4e-4c55-9a4e-0d6a3e0b7c11', '0e9b7c52-3d3c-4f43-8a51-5f3f0a2f9d20'].join('","'),
};

export function alertQueries(values = filled): readonly Query[] {
  return infraFiles('.kql').map((file) => ({
    name: file.slice('infra/queries/'.length),
    text: read(file).replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole),
  }));
}

export function tileQueries(): readonly Query[] {
  const { items } = JSON.parse(read('infra/workbook.json')) as {
    readonly items: readonly { readonly name: string; readonly content: { readonly query?: string } }[];
  };
  return items.flatMap(({ name, content }) => (content.query === undefined ? [] : [{ name, text: content.query }]));
}
