import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { graphTables } from '../../../../local/arm/graph/resources.ts';
import { parseQuery } from '../../../../local/monitor/kusto-tree.ts';
import { kindLooks, subscriptionsQuery } from '../../../../src/targets/discovery/kinds.ts';

const queries: Readonly<Record<string, string>> = {
  subscriptions: subscriptionsQuery,
  ...Object.fromEntries(
    kindLooks.flatMap(({ kind, queries: of }) => Object.entries(of).map(([name, text]) => [`${kind} ${name}`, text])),
  ),
};

/** Their hashes, so that a change is meant: what was tried against Azure is tried again. */
const pinned = {
  subscriptions: '6a29adf4dedde88b',
  'app-service certificates': 'd7452c0d36273d69',
  'app-service sites': '5920ad7bbee479a8',
  'app-settings sites': '6d889f59cf732d32',
  'application-gateway gateways': '12e26369dac16e8d',
  'virtual-machine extensions': '86f8157bbd67713c',
  'virtual-machine machines': 'd67a84de3536da4c',
  'scale-set sets': 'f044a5cfbe5cdd7d',
  'api-management services': 'e8591c15f3a6f7e5',
  'container-apps certificates': 'da6c1b7d7a3ca24d',
  'container-apps environments': '54ac8d9db201c647',
  'front-door profiles': '43221a56452b326b',
  'service-fabric clusters': 'ff83e80716ad68e0',
};

// The first reading loads the parser, which takes longer than any test.
parseQuery('resources', graphTables);

describe('the queries of Resource Graph', () => {
  it('are the ones that are pinned', () => {
    const hashes = Object.entries(queries).map(([name, text]) => [
      name,
      createHash('sha256').update(text).digest('hex').slice(0, 16),
    ]);
    expect(Object.fromEntries(hashes)).toEqual(pinned);
  });

  it.each(Object.entries(queries))('are Kusto that names only columns of its table: %s', (_, text) => {
    expect(parseQuery(text, graphTables)).toMatchObject({ state: 'read' });
  });

  it.each(Object.entries(queries))('show the id of each row, and go by it from page to page: %s', (_, text) => {
    const parsed = parseQuery(text, graphTables);
    expect(parsed.state === 'read' && parsed.columns[0]).toMatchObject({ name: 'id', type: 'string' });
    expect(text.endsWith('\n| order by id asc')).toBe(true);
  });

  it.each(Object.entries(queries))('use no operator that Resource Graph cuts without a word: %s', (_, text) => {
    expect(text).not.toMatch(/mv-expand|mvexpand|\blimit\b|\btake\b|\btop\b/);
  });
});
