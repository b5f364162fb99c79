import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { says } from '../../local/faults/mishaps.ts';
import type { Scenario, Seeded } from '../../local/stand/scenarios.ts';
import { alertQueries, type Query, tileQueries } from '../unit/infra/kusto.ts';
import { openStandBench, type StandBench, stories } from './stand-bench.ts';

/** A line as Azure Monitor keeps it: the queries parse the message. */
type Line = Readonly<Record<string, unknown>> & { readonly message: string };

/** One of them is used in a cluster first, and behind a webhook then. */
const scenarios: readonly Scenario[] = [
  ...stories('near-expiry', 'by-hand', 'foreign-pending'),
  ...stories('on-cluster').map(
    (story): Scenario => ({ ...story, places: [{ kind: 'kubernetes' }, { kind: 'webhook' }] }),
  ),
];

let bench: StandBench;
let lines: readonly Line[];
beforeAll(async () => {
  bench = await openStandBench({
    seed: 41,
    scenarios,
  });
  await live();
  lines = bench.log.flatMap(({ category, message }) => (category === 'user' ? lineOf(message) : []));
});
afterAll(() => bench?.close());

/** One renewal from its event to its probe, one that is refused, one that is not moved back, one that is lost, and the timers. */
async function live(): Promise<void> {
  const [near, lost] = [bench.seeded('near-expiry'), bench.seeded('by-hand')];
  bench.stand.raise(near);
  const id = await bench.until(async () => {
    const [row] = await bench.rowsOf('certificates', near);
    return typeof row?.renewalId === 'string' ? row.renewalId : undefined;
  });
  expect(await bench.ended(id)).toMatchObject({ outcome: 'renewed' });
  await leaveBehind(bench.seeded('on-cluster'));
  await loseAndFind(await bench.renew(lost));
  // It is refused the one whose pending operation is somebody else's.
  await bench.app.runNow('sweep');
  await lookAtEventPaths();
  await bench.app.runNow('startHeartbeat');
  await bench.until(async () => (bench.log.some(({ message }) => message.includes('"heartbeat"')) ? true : undefined));
}

/** Once, and once more while the role is missing. */
async function lookAtEventPaths(): Promise<void> {
  const looked = (state: string) => async () =>
    bench.log.some(({ message }) => message.startsWith(`{"message":"event paths checked","state":"${state}"`)) ||
    undefined;
  await bench.app.runNow('checkEventPaths');
  await bench.until(looked('looked'));
  const give = bench.stand.cloud.removeRole('log-reader');
  await bench.app.runNow('checkEventPaths');
  await bench.until(looked('failed'));
  give();
}

/** Its pods take the new version, which they cannot give back; then the webhook takes no message. */
async function leaveBehind(certificate: Seeded): Promise<void> {
  const { cloud, places } = bench.stand;
  const line = cloud.line(places.hookOf(certificate).name);
  const mend = line.add((_request, next) => says(500, 'InternalServerError')(next));
  const view = await bench.ended(await bench.renew(certificate));
  expect(view).toMatchObject({ outcome: 'partly-deployed', outcomeReason: 'roll-back-failed' });
  mend();
}

/** Its orchestration is stopped from outside, and long after that the watchdog looks. */
async function loseAndFind(id: string): Promise<void> {
  const { url, keys } = bench.host;
  const path = `${url}/runtime/webhooks/durabletask/instances/${id}/terminate?reason=test`;
  const stopped = await fetch(path, { method: 'POST', headers: { 'x-functions-key': keys.systemDurable } });
  expect(stopped.status).toBe(202);
  await bench.host.idle();
  bench.clock.advance(48 * 3_600_000);
  await bench.app.runNow('watchdog');
}

function lineOf(message: string): readonly Line[] {
  return message.startsWith('{"message":') ? [JSON.parse(message) as Line] : [];
}

const caught = (text: string, pattern: RegExp): readonly string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, found = '']) => found)),
];
const messagesOf = ({ text }: Query): readonly string[] => caught(text, /\{"message":"([\w ]+)"/g);
/** What these renewals do not come to: unit tests hold the queries against whoever writes the lines. */
const heldElsewhere = ['crl-failed.kql'];
/** Queries of lines of the app; those of the vault's audit log and of the extension's tracking read nothing that it writes. */
const queries = [...alertQueries(), ...tileQueries()].filter(
  (query) => messagesOf(query).length > 0 && !heldElsewhere.includes(query.name),
);

describe('what a query reads', () => {
  it.each(queries)('$name: every line that it looks for is written', (query) => {
    const written = new Set(lines.map(({ message }) => message));
    expect(messagesOf(query).filter((message) => !written.has(message))).toEqual([]);
  });

  it.each(queries)('$name: every field occurs in one of those lines', (query) => {
    const looked = lines.filter(({ message }) => messagesOf(query).includes(message));
    const fields = new Set(looked.flatMap((line) => Object.keys(line)));
    const named = caught(query.text, /\bline\.(\w+)/g);
    expect(named.filter((name) => !fields.has(name))).toEqual([]);
  });

  it.each(queries.filter(({ text }) => /mv-expand row = /.test(text)))(
    '$name: and so do those of its lists',
    (query) => {
      const lists = new Set(caught(query.text, /mv-expand row = line\.(\w+)/g));
      const entries = lines.flatMap((line) =>
        Object.entries(line).flatMap(([name, list]) =>
          lists.has(name) && Array.isArray(list) ? (list as object[]) : [],
        ),
      );
      const fields = new Set(entries.flatMap((entry) => Object.keys(entry)));
      const named = caught(query.text, /\brow\.(\w+)/g);
      expect(named.length).toBeGreaterThan(1);
      expect(named.filter((name) => !fields.has(name))).toEqual([]);
    },
  );
});

it('one renewal is followed by its id, from the event to the probe and its end', () => {
  const [taken] = lines.filter(({ message, state }) => message === 'event taken' && state === 'started');
  const own = lines.filter(({ renewalId }) => renewalId === taken?.renewalId);
  expect(own.map(({ message }) => message)).toEqual(
    expect.arrayContaining(['event taken', 'step ended', 'renewal closed']),
  );
  expect(own.map(({ step }) => step)).toEqual(
    expect.arrayContaining(['inspect', 'submit', 'merge', 'deploy', 'probe']),
  );
  expect(own.at(-1)).toMatchObject({ message: 'renewal closed', outcome: 'renewed', verified: 1, targets: 1 });
});

it('a roll back that failed is told of with what the target serves', () => {
  const { name } = bench.seeded('on-cluster');
  const [told, another] = lines.filter(({ message }) => message === 'roll back failed');
  expect(another).toBeUndefined();
  expect(told).toMatchObject({ certificate: name, targets: 2 });
  expect(told?.detail).toMatch(/ targets are not back: kubernetes:\S+ serves [0-9a-f]{16} /);
});

it('a renewal that was lost is told of when it is closed from its records', () => {
  const { name } = bench.seeded('by-hand');
  const closed = lines.filter(
    ({ message, certificate }) =>
      message === 'renewal closed' && String(certificate).toLowerCase() === name.toLowerCase(),
  );
  expect(closed[0]).toMatchObject({ outcome: 'failed', reason: 'step-failed' });
  expect(closed[0]?.traceId).toMatch(/^[0-9a-f]{32}$/);
});

it('an event and the steps name a certificate alike, so that the alert on a dead event path finds it', () => {
  const { vaultName, name } = bench.seeded('near-expiry');
  const about = lines.filter(({ certificate }) => String(certificate).toLowerCase() === name.toLowerCase());
  expect(new Set(about.map(({ message }) => message))).toContain('event taken');
  expect(new Set(about.map(({ vault }) => vault))).toEqual(new Set([vaultName]));
});

it('every line can be kept whole: a message of Application Insights has 32,768 characters', () => {
  const longest = Math.max(...bench.log.map(({ message }) => message.length));
  expect(longest).toBeLessThan(32_768);
});
