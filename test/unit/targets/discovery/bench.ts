import { type GraphResource, graphTables, rowOf, subscriptionRow } from '../../../../local/arm/graph/resources.ts';
import { ManualClock } from '../../../../local/clock.ts';
import { run } from '../../../../local/monitor/evaluate.ts';
import { parseQuery } from '../../../../local/monitor/kusto-tree.ts';
import { RenewalError } from '../../../../src/errors.ts';
import { type Look, type LookDependencies, lookForUses } from '../../../../src/targets/discovery/look.ts';
import { SUBSCRIPTION } from './azure.ts';

const known = new Map<string, ReturnType<typeof parseQuery>>();

/** Rows by the query itself, run on resources. */
function rowsOf(query: string, resources: readonly GraphResource[], subscriptions: readonly string[]) {
  const parsed = known.get(query) ?? parseQuery(query, graphTables);
  known.set(query, parsed);
  if (parsed.state === 'wrong') throw new TypeError(`${parsed.message}: ${query}`);
  const rows = (table: string) =>
    table === 'resources' ? resources.map(rowOf) : subscriptions.map((one) => subscriptionRow(one));
  const answer = run(parsed, { now: new Date(0), tables: graphTables, rows });
  return answer.rows.map((row) => Object.fromEntries(answer.columns.map(({ name }, index) => [name, row[index]])));
}

/** An Azure of these resources and lists. A list that is not there is refused, as one that may not be read. */
export function dependenciesOf(
  resources: () => readonly GraphResource[],
  lists: Readonly<Record<string, readonly unknown[]>> = {},
  seen: readonly string[] = [SUBSCRIPTION],
): LookDependencies {
  return {
    clock: new ManualClock(new Date(0)),
    graph: { ask: async (query) => rowsOf(query, resources(), seen) },
    arm: {
      async *list(id) {
        const members = lists[id.toLowerCase()];
        if (members === undefined) throw new RenewalError('arm-forbidden', `arm: GET ${id} failed: 403`);
        yield* members;
      },
    },
  };
}

/** A look at such an Azure. */
export async function lookAt(
  resources: readonly GraphResource[],
  lists: Readonly<Record<string, readonly unknown[]>> = {},
  of: { readonly subscriptions?: readonly string[]; readonly seen?: readonly string[] } = {},
): Promise<Look> {
  const { subscriptions = [SUBSCRIPTION] } = of;
  return lookForUses(
    subscriptions,
    dependenciesOf(() => resources, lists, of.seen ?? subscriptions),
  );
}
