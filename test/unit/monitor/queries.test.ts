import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { run } from '../../../local/monitor/evaluate.ts';
import { type Node, parseQuery } from '../../../local/monitor/kusto-tree.ts';
import logTables from '../../../local/monitor/log-tables.json' with { type: 'json' };
import type { Row } from '../../../local/monitor/values.ts';
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

// The first reading loads the parser, which takes longer than any test.
read('print 1');

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
      { numRuns: 8 },
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
      { numRuns: 8 },
    );
  });

  it('about one vault is about that', () => {
    fc.assert(
      fc.property(nasty, (resourceId) => {
        expect(read(loggedVaultsQuery(resourceId)).texts).toEqual([resourceId]);
      }),
      { numRuns: 8 },
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

describe('the query of readers', () => {
  const ref = { resourceId: '/subscriptions/s/vaults/Contoso', vault: 'https://contoso.vault.azure.net', name: 'shop' };
  const now = new Date('2026-06-02T00:00:00Z');
  const read: Row = {
    ...{ OperationName: 'SecretGet', HttpStatusCode: 200, _ResourceId: '/subscriptions/s/vaults/contoso' },
    ...{ Id: 'https://contoso.vault.azure.net/secrets/shop/1', CallerIpAddress: '10.0.0.7', TimeGenerated: now },
  };
  const long = (name: string) => `http://schemas.${name}`;

  function readersOf(rows: readonly Row[]): readonly (readonly unknown[])[] {
    const parsed = parseQuery(readersQuery(ref, 3), tables);
    if (parsed.state === 'wrong') throw new TypeError(parsed.message);
    return run(parsed, { now, tables, rows: () => rows }).rows;
  }

  it.each([
    ['short', { oid: 'o', appid: 'a', upn: 'ann@contoso.example' }],
    [
      'long',
      {
        [long('microsoft.com/identity/claims/objectidentifier')]: 'o',
        [long('xmlsoap.org/ws/2005/05/identity/claims/upn')]: 'ann@contoso.example',
        appid: 'a',
      },
    ],
  ])('knows the %s names of claims', (_, claim) => {
    expect(readersOf([{ ...read, Identity: { claim } }])).toEqual([
      ['o', 'a', 'ann@contoso.example', '10.0.0.7', 1, now, now],
    ]);
  });

  it.each<[string, Row]>([
    ['another operation', { OperationName: 'SecretSet' }],
    ['a read that was refused', { HttpStatusCode: 403 }],
    ['another vault', { _ResourceId: '/subscriptions/s/vaults/contoso2' }],
    ['another certificate', { Id: 'https://contoso.vault.azure.net/secrets/shop2/1' }],
    ['a certificate, which holds no key', { Id: 'https://contoso.vault.azure.net/certificates/shop/1' }],
  ])('leaves out %s', (_, changes) => {
    expect(readersOf([{ ...read, ...changes }])).toEqual([]);
  });

  it('takes a read without a version, in any case, and sums up', () => {
    const rows = [read, { ...read, Id: 'HTTPS://CONTOSO.VAULT.AZURE.NET/SECRETS/SHOP' }];
    expect(readersOf(rows)).toEqual([['', '', '', '10.0.0.7', 2, now, now]]);
    const many = Array.from({ length: 5 }, (_, index) => ({ ...read, CallerIpAddress: `10.0.0.${index}` }));
    expect(readersOf(many)).toHaveLength(3);
  });
});
