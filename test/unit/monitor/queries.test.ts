import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Node, parseQuery } from '../../../local/monitor/kusto-tree.ts';
import logTables from '../../../local/monitor/log-tables.json' with { type: 'json' };
import { announcementsQuery, kqlText, loggedVaultsQuery, readersQuery } from '../../../src/monitor/queries.ts';

const tables = { AZKVAuditLogs: logTables.AZKVAuditLogs.columns };

/** The tree, and every text in it; a query that is wrong throws. */
function read(text: string): { readonly shape: string; readonly texts: readonly unknown[] } {
  const parsed = parseQuery(text, tables);
  if (parsed.state === 'wrong') throw new TypeError(`${parsed.code}: ${parsed.message}: ${text}`);
  const nodes = flat(parsed.tree);
  return {
    shape: nodes.map(({ kind }) => kind).join(' '),
    texts: nodes.filter(({ kind }) => kind === 'StringLiteralExpression').map(({ value }) => value),
  };
}

const flat = (node: Node): readonly Node[] => [node, ...node.children.flatMap(flat)];

/** What could end a literal, a line or a query. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', "'", '\\', '\n', '|', '/', ';', ')', '`', '@', 'h', 'u0022', '{', ' ') }),
  fc.constantFrom('" or true // ', '\\', '\\"', "'; AppTraces", '"\n| union AppTraces', '\u2028', '```'),
);

describe('kqlText', () => {
  it('is one literal that means the text, whatever the text is', () => {
    // Many to a query: to read one takes a while.
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 20, maxLength: 40 }), (all) => {
        const { texts } = read(`print ${all.map((text, index) => `said${index} = ${kqlText(text)}`).join(', ')}`);
        expect(texts).toEqual(all);
      }),
      { numRuns: 15 },
    );
  });
});

describe('a query of values of others', () => {
  const calm = {
    resourceId: '/subscriptions/s/vaults/contoso',
    vault: 'https://contoso.vault.azure.net',
    name: 'shop',
  };

  it('is the same query, whatever the values are', () => {
    const { shape } = read(readersQuery(calm, 11));
    fc.assert(
      fc.property(nasty, nasty, nasty, (resourceId, vault, name) => {
        const found = read(readersQuery({ resourceId, vault, name }, 11));
        expect(found.shape).toBe(shape);
        expect(found.texts).toEqual(expect.arrayContaining([resourceId, `${vault}/secrets/${name}/`]));
      }),
      { numRuns: 15 },
    );
  });

  it('about one vault is about that', () => {
    fc.assert(
      fc.property(nasty, (resourceId) => {
        expect(read(loggedVaultsQuery(resourceId)).texts).toEqual([resourceId]);
      }),
      { numRuns: 15 },
    );
  });
});

it.each([
  ['announcements', announcementsQuery, ['at: datetime', 'resource: string', 'object: string']],
  ['logged vaults', loggedVaultsQuery(), ['resource: string', 'firstAt: datetime', 'lastAt: datetime']],
])('%s are asked of the documented columns', (_, text, wanted) => {
  const parsed = parseQuery(text, tables);
  expect('columns' in parsed && parsed.columns.map(({ name, type }) => `${name}: ${type}`)).toEqual(wanted);
});
