import { afterAll, beforeAll, expect, it } from 'vitest';
import { parkedADay } from '../../src/renewal/park-event.ts';
import { openStandBench, type StandBench, stories } from '../e2e/stand-bench.ts';
import { atOnce, flood, timesOf } from './flood.ts';

const EVENTS = 10_000;
const PART = 2000;

let bench: StandBench;
beforeAll(async () => {
  bench = await openStandBench({ seed: 32, scenarios: stories('near-expiry'), events: false, faults: 'off' });
});
afterAll(() => bench?.close());

/** Each is another one, and none can be used. */
const rubbish = (at: number): string =>
  JSON.stringify([
    {
      id: `rubbish-${at}`,
      topic: '/subscriptions/of-somebody-else',
      subject: `subject-${at}`,
      eventType: 'Microsoft.KeyVault.CertificateNearExpiry',
      eventTime: bench.clock.now().toISOString(),
      data: { Id: `not an id, ${at}` },
      dataVersion: '1',
      metadataVersion: '1',
    },
  ]);

it('takes 10,000 different events that nobody can use, the last as fast as the first', async () => {
  const day = bench.clock.now().toISOString().slice(0, 10);
  const { statuses, milliseconds } = await flood(bench.host, rubbish, EVENTS);
  const [first, last] = [timesOf(milliseconds.slice(0, PART)), timesOf(milliseconds.slice(-PART))];
  const told = ({ p50, p99 }: typeof first): string => `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
  console.log(`${EVENTS} unusable events, ${atOnce} at once: first ${PART} ${told(first)}; last ${PART} ${told(last)}`);
  expect(new Set(statuses)).toEqual(new Set([202]));
  expect(last.p50).toBeLessThan(2 * first.p50);

  const chain = await bench.journal.read(`parked-events-${day}`);
  expect(chain).toHaveLength(parkedADay + 1);
  expect(chain.filter(({ key }) => key === 'parked-full')).toHaveLength(1);
  const lines = bench.log.filter(({ message }) => message.includes('"event taken"'));
  const subjects = new Set(lines.map(({ message }) => /"certificate":"(subject-\d+)"/.exec(message)?.[1]));
  expect(subjects.size).toBe(EVENTS);
});
