import { describe, expect, it } from 'vitest';
import { run } from '../../../../local/monitor/evaluate.ts';
import { parseQuery } from '../../../../local/monitor/kusto-tree.ts';
import { NotDoneError, type Row } from '../../../../local/monitor/values.ts';

const tables = {
  Reads: { TimeGenerated: 'datetime', Who: 'string', Count: 'long', Claims: 'dynamic', Note: 'string' },
};
const now = new Date('2026-06-02T00:00:00Z');
const at = (hour: number) => new Date(now.getTime() - hour * 3_600_000);
const rows: readonly Row[] = [
  { TimeGenerated: at(1), Who: 'Ann', Count: 3, Claims: { oid: '1', 'http://long': 'x' } },
  { TimeGenerated: at(5), Who: 'bob', Count: 1, Claims: { appid: '2', list: ['p', 'q'] } },
  { TimeGenerated: at(30), Who: 'ann', Count: 2, Claims: null },
];

function ask(text: string) {
  const parsed = parseQuery(text, tables);
  if (parsed.state === 'wrong') return parsed;
  const { columns, rows: found } = run(parsed, { now, tables, rows: () => rows });
  return { columns: columns.map(({ name, type }) => `${name}: ${type}`), rows: found };
}
const rowsOf = (text: string) => {
  const answer = ask(text);
  return 'rows' in answer ? answer.rows : answer;
};

// The first reading loads the parser, which takes longer than any test.
parseQuery('print 1', {});

describe('where', () => {
  it.each([
    ["Who == 'ann'", [2]],
    ["Who =~ 'ann'", [3, 2]],
    ["Who != 'ann'", [3, 1]],
    ["Who !~ 'ann'", [1]],
    ["Who in ('ann', 'bob')", [1, 2]],
    ["Who in~ ('ann')", [3, 2]],
    ["Who !in ('ann')", [3, 1]],
    ["Who startswith 'A'", [3, 2]],
    ["Who startswith_cs 'A'", [3]],
    ["Who !contains 'N'", [1]],
    ["Who endswith_cs 'b' or Count == 3", [3, 1]],
    ['Count > 1 and Count <= 3', [3, 2]],
    ['Count between (2 .. 3)', [3, 2]],
    ['Count !between (2 .. 3)', [1]],
    ['not(Count < 2)', [3, 2]],
    ['TimeGenerated > ago(6h)', [3, 1]],
    ['TimeGenerated between (ago(40h) .. ago(4h))', [1, 2]],
    ['TimeGenerated between (datetime(2026-06-01T18:00:00Z) .. 2h)', [1]],
    ["tostring(Claims.oid) == '1'", [3]],
    ["tostring(Claims['http://long']) == 'x'", [3]],
    ["tostring(Claims.list[-1]) == 'q'", [1]],
    ["coalesce(tostring(Claims.oid), tostring(Claims.appid)) == '2'", [1]],
    ['isempty(Note)', [3, 1, 2]],
    ["Who == 'ann' // and Count == 9", [2]],
  ])('%s', (condition, counts) => {
    expect(rowsOf(`Reads | where ${condition}\n| project Count`)).toEqual(counts.map((count) => [count]));
  });

  it('knows quotes and backslashes in a text for what they are', () => {
    expect(rowsOf(String.raw`Reads | extend n = "a\"b\\c" | where n == @'a"b\c' | count`)).toEqual([[3]]);
  });
});

describe('the other operators', () => {
  it('summarise by what is named, in the order of the query', () => {
    const text =
      'Reads | summarize reads = count(), firstAt = min(TimeGenerated), lastAt = max(TimeGenerated) by who = tolower(Who)';
    expect(ask(text)).toEqual({
      columns: ['who: string', 'reads: long', 'firstAt: datetime', 'lastAt: datetime'],
      rows: [
        ['ann', 2, at(30), at(1)],
        ['bob', 1, at(5), at(5)],
      ],
    });
  });

  it('keep the row of the latest time', () => {
    expect(rowsOf('Reads | summarize arg_max(TimeGenerated, Who, Count)')).toEqual([[at(1), 'Ann', 3]]);
  });

  it('have columns of no rows too', () => {
    expect(ask("Reads | where Who == 'nobody' | summarize reads = count() by Who")).toEqual({
      columns: ['Who: string', 'reads: long'],
      rows: [],
    });
    expect(rowsOf("Reads | where Who == 'nobody' | summarize reads = count()")).toEqual([[0]]);
  });

  it('sort, descending unless told otherwise, and take', () => {
    expect(rowsOf('Reads | order by Count | take 2 | project Count')).toEqual([[3], [2]]);
    expect(rowsOf('Reads | extend who = tolower(Who) | sort by who asc, Count asc | project Count')).toEqual([
      [2],
      [3],
      [1],
    ]);
  });
});

describe('a query that is wrong', () => {
  it.each([
    ['Reads | wher Who == 1', true],
    ["Reads | where Who == 'x", true],
    ['Reads | where Whom == 1', false],
    ['Writes | take 1', false],
  ])('%s is refused', (text, isSyntax) => {
    expect(ask(text)).toMatchObject({ state: 'wrong', isSyntax });
  });

  it.each([
    'Reads | join (Reads) on Who',
    'let x = 1; Reads | take x',
    'Reads | extend line = parse_json(Who)',
    'Reads | summarize dcount(Who)',
    'Reads | summarize count() by bin(TimeGenerated, 1h)',
    'union Reads, Reads',
  ])('and one that is right and not done here is not answered: %s', (text) => {
    expect(() => ask(text)).toThrow(NotDoneError);
  });
});
