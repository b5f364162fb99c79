import { describe, expect, it } from 'vitest';
import tables from '../../../local/monitor/log-tables.json' with { type: 'json' };
import { crlLines } from '../../../src/renewal/crl-lines.ts';
import { logText } from '../../../src/renewal/log-fields.ts';
import { reportLine, rollBackLines } from '../../../src/renewal/log-line.ts';
import type { RenewalResult, StepCall } from '../../../src/renewal/story.ts';
import { read } from './bicep-files.ts';
import { alertQueries, analyse, tileQueries } from './kusto.ts';

/** What a sweep answers while another app holds the lease. */
const standingBack = {
  ...{ looked: 0, waiting: 0, queued: 0, started: [], running: [], unreachable: [], unowned: [], orphans: [] },
  ...{
    overdue: [],
    expired: [],
    openOrders: [],
    ...{ unanswered: [], credentials: [] },
    refused: [{ certificate: '*', reason: 'another-app' }],
  },
};

/** What a person pastes out of the page about operations. */
const shown = [...read('docs/operations.md').matchAll(/^ *```kusto\n([\s\S]*?)```/gm)].map(([, text = ''], index) => ({
  name: `docs/operations.md, ${index + 1}`,
  text,
}));
const queries = [...alertQueries(), ...tileQueries(), ...shown];

describe('a query', () => {
  it.each(queries)('$name is one that Kusto understands, of columns that the tables have', ({ text }) => {
    expect(analyse(text).problems).toEqual([]);
  });

  it.each([
    ['a table that there is not', 'AppTrace | take 1', 'KS204'],
    ['a column that the table has not', 'AppTraces | where Severity > 1', 'KS142'],
    ['a column of the other table', 'AZKVAuditLogs | where Message == "x"', 'KS142'],
    ['an operator that there is not', 'AppTraces | wher Message == "x"', 'KS176'],
    ['a function that there is not', 'AppTraces | extend line = parse_jsn(Message)', 'KS211'],
    ['a word of the language as a name', 'AppTraces | summarize last = max(TimeGenerated)', 'KS228'],
    ['a placeholder that nobody filled in', 'AppTraces | where TimeGenerated < ago({hours}h)', 'KS213'],
  ])('with %s does not pass', (_, text, code) => {
    expect(analyse(text).problems.join('\n')).toContain(code);
  });

  it('with nobody or one who is expected to read secrets is understood too', () => {
    for (const expectedReaders of ['', '6b1f0c1e-6f4e-4c55-9a4e-0d6a3e0b7c11']) {
      const queries = alertQueries({ expectedReaders, stuckHours: '4' });
      expect(queries.flatMap(({ text }) => analyse(text).problems)).toEqual([]);
    }
  });
});

describe('an alert', () => {
  it.each(alertQueries())('$name tells when, which is what its window is cut by', ({ text }) => {
    expect(analyse(text).columns).toMatchObject({ TimeGenerated: 'datetime' });
  });

  it.each(alertQueries())('$name gives every column a type, so that a person can read it in the mail', ({ text }) => {
    const untyped = Object.entries(analyse(text).columns).filter(([, type]) => ['dynamic', 'unknown'].includes(type));
    expect(untyped).toEqual([]);
  });
});

/** What all matches of a pattern caught, over all queries, without the quotes of lists. */
function caught(pattern: RegExp): readonly string[] {
  const found = queries.flatMap(({ text }) => [...text.matchAll(pattern)].map(([, one = '']) => one));
  return [...new Set(found.flatMap((one) => one.split(/',\s*'/)))];
}

it('a sweep of an app that stands back for another is none', () => {
  const line = logText(reportLine('sweep done', standingBack));
  const asked = alertQueries().filter(({ text }) => text.includes('"message":"sweep done"'));
  expect(asked.map(({ name }) => name)).toEqual([
    'credential-expiring.kql',
    'expiry-near.kql',
    'no-sweep.kql',
    'renewal-failed.kql',
  ]);
  for (const { text } of asked) {
    const without = /sweep done"' and Message !contains '([^']+)'/.exec(text)?.[1];
    expect(line).toContain(without ?? 'a condition');
  }
});

it('a CRL that fails is told in the words that its alert looks for', () => {
  const query = alertQueries().find(({ name }) => name === 'crl-failed.kql')?.text ?? '';
  const failed = {
    state: 'failed',
    authority: 'aa',
    subject: 'CN=CA',
    number: '7',
    entries: 2,
    detail: 'no key',
  } as const;
  const [told] = crlLines([{ issuer: 'internal', crls: [failed] }]);
  const [, beginning = 'nothing'] = /startswith '([^']+)'/.exec(query) ?? [];
  expect(logText(told?.line ?? { message: 'CRL published' }).startsWith(beginning)).toBe(true);
  const read = [...query.matchAll(/\bline\.(\w+)/g)].map(([, name]) => name);
  expect(read).toEqual(['issuer', 'authority', 'detail']);
  expect(told?.line).toMatchObject({ issuer: 'internal', authority: 'aa', detail: 'no key' });
});

it('a roll back that fails is told in the words that its alert looks for', () => {
  const query = alertQueries().find(({ name }) => name === 'roll-back-failed.kql')?.text ?? '';
  const whose = { renewalId: 'shop-abc', vault: 'contoso', certificate: 'shop' };
  const end = { outcome: 'partly-deployed', outcomeReason: 'roll-back-failed', detail: 'site-2 serves 12ab' } as const;
  const result: RenewalResult = { ...whose, ...end, reason: 'sweep', targets: [] };
  const asked: StepCall & { readonly result: RenewalResult } = { ...whose, attempt: 1, result };
  const answer = { state: 'done', value: { closed: true, seconds: 9, attempts: 1 } } as const;
  const [told] = rollBackLines('close', asked, answer);
  if (told === undefined) throw new TypeError('nothing is told');
  const [, beginning = 'nothing'] = /startswith '([^']+)'/.exec(query) ?? [];
  expect(logText(told).startsWith(beginning)).toBe(true);
  const read = [...query.matchAll(/\bline\.(\w+)/g)].map(([, name = '']) => name);
  expect(read.length).toBeGreaterThan(4);
  expect(read.filter((name) => !Object.hasOwn(told, name))).toEqual([]);
});

describe('words that no column shows', () => {
  it('are operations that Key Vault writes into its log', () => {
    const operations = caught(/OperationName (?:==|in) \(?'([^)\n]+?)'(?:\)|\s)/g);
    expect(operations.toSorted()).toEqual(tables.AZKVAuditLogs.values.OperationName.toSorted());
  });

  it('are properties that Durable Functions tracks', () => {
    const properties = caught(/\bProperties\.(\w+)/g);
    expect(properties.length).toBeGreaterThan(3);
    expect(properties.filter((name) => !tables.AppTraces.values.Properties.includes(name))).toEqual([]);
  });
});

it('the tables name the pages that their columns are from', () => {
  for (const [name, { source, columns, values }] of Object.entries(tables)) {
    expect(values.source).toMatch(/^https:\/\/learn\.microsoft\.com\/azure\//);
    expect(source).toBe(`https://learn.microsoft.com/azure/azure-monitor/reference/tables/${name.toLowerCase()}`);
    expect(columns).toMatchObject({ TimeGenerated: 'datetime', _ResourceId: 'string', Type: 'string' });
  }
});
