import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueAt, grownUpAt, wishedAt } from '../../../src/plan/due.ts';
import { aPlan } from './build.ts';

const DAY = 86_400_000;
const planOf = (percentOfLife: number, floorDays: number) => aPlan({ renewAt: { percentOfLife, floorDays } });

describe('dueAt', () => {
  const cases = [
    ['takes the percent of the life', '2026-01-01', '2026-04-11', [66, 0], '2026-03-08T00:00:00.000Z'],
    ['takes the floor when it comes first', '2026-01-01', '2027-01-01', [95, 30], '2026-12-02T00:00:00.000Z'],
    ['caps the floor at half of the life', '2026-01-01', '2026-02-17', [66, 60], '2026-01-24T12:00:00.000Z'],
    ['never comes in the first quarter', '2026-01-01', '2026-04-11', [1, 0], '2026-01-26T00:00:00.000Z'],
    ['counts 29 February', '2028-02-01', '2028-03-12', [70, 0], '2028-02-29T00:00:00.000Z'],
    ['counts no 29 February in 2100', '2100-02-01', '2100-03-13', [70, 0], '2100-03-01T00:00:00.000Z'],
    ['crosses a year end', '2026-12-01', '2027-01-10', [80, 0], '2027-01-02T00:00:00.000Z'],
    ['crosses 19 January 2038', '2038-01-01', '2038-02-10', [50, 0], '2038-01-21T00:00:00.000Z'],
    ['crosses 2049 to 2050', '2049-12-01', '2050-01-10', [90, 0], '2050-01-06T00:00:00.000Z'],
    ['is the end for a version without a life', '2026-01-01', '2026-01-01', [66, 30], '2026-01-01T00:00:00.000Z'],
  ] as const;
  it.each(cases)('%s', (_title, from, to, [percent, floor], expected) => {
    expect(dueAt(new Date(from), new Date(to), planOf(percent, floor)).toISOString()).toBe(expected);
  });

  it('lies between a quarter and the end of the life, and moves later with the percent, earlier with the floor', () => {
    const moment = fc.date({ min: new Date('2020-01-01'), max: new Date('2060-12-31'), noInvalidDate: true });
    const seconds = fc.integer({ min: 1, max: 3660 * 86_400 });
    const percents = fc.integer({ min: 1, max: 94 });
    const floors = fc.integer({ min: 0, max: 4000 });
    fc.assert(
      fc.property(moment, seconds, percents, floors, (from, life, percent, floor) => {
        const to = new Date(from.getTime() + life * 1000);
        const due = dueAt(from, to, planOf(percent, floor));
        expect(due >= grownUpAt(from, to) && due < to).toBe(true);
        expect(due <= dueAt(from, to, planOf(percent + 1, floor))).toBe(true);
        expect(due >= dueAt(from, to, planOf(percent, floor + 1))).toBe(true);
      }),
    );
  });

  it('does not depend on where in the calendar the life lies', () => {
    const day = fc.integer({ min: 0, max: 40 * 365 });
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 400 }), (start, days) => {
        const from = new Date(Date.parse('2020-01-01') + start * DAY);
        const due = dueAt(from, new Date(from.getTime() + days * DAY), planOf(50, 0));
        expect(due.getTime() - from.getTime()).toBe((days * DAY) / 2);
      }),
    );
  });
});

describe('wishedAt', () => {
  const version = {
    sha256: 'ab'.repeat(32),
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2026-04-11T00:00:00Z'),
  };
  const window = { start: '2026-03-01T00:00:00.000Z', end: '2026-03-03T00:00:00.000Z' };
  const hash = fc.stringMatching(/^[0-9a-f]{64}$/);

  it('lies in the window, and is the same whenever somebody looks', () => {
    fc.assert(
      fc.property(hash, fc.integer({ min: 1, max: 400 * 86_400 }), (sha256, seconds) => {
        const end = new Date(Date.parse(window.start) + seconds * 1000).toISOString();
        const moment = wishedAt({ ...window, end }, { ...version, sha256 });
        expect(moment.toISOString() >= window.start && moment.toISOString() < end).toBe(true);
        expect(wishedAt({ ...window, end }, { ...version, sha256 })).toEqual(moment);
      }),
    );
  });

  it('is spread evenly: each tenth of the window gets its share of a thousand certificates', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let index = 0; index < 1000; index++) {
      const moment = wishedAt(window, { ...version, sha256: index.toString(16).padStart(64, '0') });
      const tenth = Math.floor((moment.getTime() - Date.parse(window.start)) / (DAY / 5));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(Math.min(...tenths)).toBeGreaterThan(70);
    expect(Math.max(...tenths)).toBeLessThan(130);
  });

  it('moves with the window', () => {
    expect(wishedAt({ ...window, end: '2026-03-04T00:00:00.000Z' }, version)).not.toEqual(wishedAt(window, version));
  });

  it.each([
    ['six hours after the version began', '2026-04-11', '2026-01-01T06:00:00.000Z'],
    ['a quarter of a short life after it began', '2026-01-01T12:00:00Z', '2026-01-01T03:00:00.000Z'],
  ])('is never earlier than %s, so that a CA cannot ask for one renewal after the other', (_title, to, expected) => {
    const past = { start: '2025-01-01T00:00:00.000Z', end: '2025-01-02T00:00:00.000Z' };
    expect(wishedAt(past, { ...version, notAfter: new Date(to) }).toISOString()).toBe(expected);
  });
});
