import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { RenewalError } from '../../../src/errors.ts';
import { createMemoryJournal } from '../../../src/journal/memory.ts';
import type { Journal } from '../../../src/journal/port.ts';
import { logText } from '../../../src/renewal/log-fields.ts';
import { eventLine } from '../../../src/renewal/log-line.ts';
import { parkEvent, parkedADay } from '../../../src/renewal/park-event.ts';
import { takeEvent } from '../../../src/renewal/take-event.ts';
import { createWorld, NOW } from '../../builders/world.ts';

const chain = `parked-events-${NOW.toISOString().slice(0, 10)}`;
const DAY_MILLISECONDS = 86_400_000;

/** A journal that counts what it is asked, and may be away. */
function countingJournal() {
  const inner = createMemoryJournal();
  const asked = { append: 0, read: 0 };
  const outage: { fails?: 'append' | 'read' } = {};
  const ask = <T>(verb: 'append' | 'read', work: () => Promise<T>): Promise<T> => {
    asked[verb] += 1;
    return outage.fails === verb ? Promise.reject(new RenewalError('storage-unreachable', 'journal: away')) : work();
  };
  const journal: Journal = {
    append: (id, entry) => ask('append', () => inner.append(id, entry)),
    read: (id) => ask('read', () => inner.read(id)),
  };
  return { inner, journal, asked, outage };
}

let clock: ManualClock;
let counted: ReturnType<typeof countingJournal>;
const event = (n: number) => ({ id: `e-${n}`, subject: `s-${n}`, topic: '/subscriptions/s' });
const park = (n: number) => parkEvent(event(n), 'data.Id is missing', { journal: counted.journal, clock });

async function fill(): Promise<void> {
  for (let n = 0; n < parkedADay; n++) await park(n);
}

beforeEach(() => {
  clock = new ManualClock(NOW);
  counted = countingJournal();
});

describe('parkEvent', () => {
  it('keeps the first of a day whole, says once that there are more, and counts those', async () => {
    await fill();
    expect(await park(parkedADay)).toEqual({ notKept: 1 });
    expect(await park(parkedADay + 1)).toEqual({ notKept: 2 });
    const records = await counted.inner.read(chain);
    expect(records.slice(0, parkedADay).map(({ key }) => key)).toEqual(
      Array.from({ length: parkedADay }, (_, n) => `event:e-${n}`),
    );
    expect(records.slice(parkedADay)).toMatchObject([{ key: 'parked-full', facts: { kept: parkedADay } }]);
  });

  it('still knows what it has kept', async () => {
    await fill();
    await park(parkedADay);
    const before = { ...counted.asked };
    expect(await park(3)).toEqual({});
    expect(counted.asked).toEqual(before);
  });

  it('begins anew with the day', async () => {
    await fill();
    await park(parkedADay);
    clock.advance(DAY_MILLISECONDS);
    expect(await park(parkedADay)).toEqual({});
  });

  it('finds a chain that another process has filled', async () => {
    await fill();
    await park(parkedADay);
    const fresh = { ...counted.journal };
    expect(await parkEvent(event(-1), 'p', { journal: fresh, clock })).toEqual({ notKept: 1 });
    expect(await counted.inner.read(chain)).toHaveLength(parkedADay + 1);
  });

  it('notices by its own record that others fill the chain at the same time', async () => {
    const other = { ...counted.journal };
    await parkEvent(event(-1), 'p', { journal: other, clock });
    await fill();
    await parkEvent(event(-2), 'p', { journal: other, clock });
    expect(await parkEvent(event(-3), 'p', { journal: other, clock })).toEqual({ notKept: 1 });
  });

  it('has no more under way at a time than there is room for', async () => {
    const parked = await Promise.all(Array.from({ length: 2 * parkedADay }, (_, n) => park(n)));
    expect(parked.filter(({ notKept }) => notKept !== undefined)).toHaveLength(parkedADay);
    expect(await counted.inner.read(chain)).toHaveLength(parkedADay + 1);
    expect(counted.asked).toEqual({ append: parkedADay + 1, read: 1 });
  });

  it.each(['read', 'append'] as const)('fails while the journal cannot %s, and is then kept', async (verb) => {
    counted.outage.fails = verb;
    await expect(park(1)).rejects.toMatchObject({ code: 'storage-unreachable' });
    delete counted.outage.fails;
    expect(await park(1)).toEqual({});
    expect(await counted.inner.read(chain)).toHaveLength(1);
  });

  it('fails while the journal cannot say that there are more', async () => {
    await fill();
    counted.outage.fails = 'append';
    await expect(park(parkedADay)).rejects.toMatchObject({ code: 'storage-unreachable' });
    delete counted.outage.fails;
    expect(await park(parkedADay)).toEqual({ notKept: 1 });
  });
});

describe('ten thousand different events that nobody can use', () => {
  const rubbish = (n: number) => ({
    ...{ id: `e-${n}`, subject: `s-${n}`, topic: '/t', eventTime: NOW.toISOString(), dataVersion: '1' },
    ...{ eventType: 'Microsoft.KeyVault.CertificateNearExpiry', metadataVersion: '1', data: { Id: `nothing-${n}` } },
  });

  it('cost the journal no more than the first of them, and each is told in the log', async () => {
    const { app } = await createWorld();
    const lines: string[] = [];
    for (let n = 0; n < 10_000; n++) {
      const taken = await takeEvent(rubbish(n), { ...app, journal: counted.journal });
      lines.push(logText(eventLine(rubbish(n), taken)));
    }
    expect(counted.asked).toEqual({ append: parkedADay + 1, read: 1 });
    const told = lines.map((line) => JSON.parse(line) as { certificate: string; state: string; notKept?: number });
    expect(told.map(({ state, certificate }) => `${state} ${certificate}`)).toEqual(
      Array.from({ length: 10_000 }, (_, n) => `parked s-${n}`),
    );
    expect(told.at(parkedADay - 1)?.notKept).toBeUndefined();
    expect(told.at(-1)?.notKept).toBe(10_000 - parkedADay);
  });

  it('of certificates that are not in the estate fill the chain no further either', async () => {
    const { app } = await createWorld();
    const strange = (n: number) => ({
      ...rubbish(n),
      data: { Id: `https://attacker-${n}.example/certificates/shop/${'a'.repeat(32)}` },
    });
    for (let n = 0; n < parkedADay; n++) await takeEvent(strange(n), { ...app, journal: counted.journal });
    const last = await takeEvent(strange(parkedADay), { ...app, journal: counted.journal });
    expect(last).toMatchObject({ state: 'refused', outcomeReason: 'vault-outside-estate', notKept: 1 });
  });
});
