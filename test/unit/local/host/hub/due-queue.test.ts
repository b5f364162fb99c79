import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../../../local/clock.ts';
import { type DueEntry, DueQueue } from '../../../../../local/host/hub/due-queue.ts';

describe('DueQueue', () => {
  it('wakes in order of time whatever the order of adding, and not what was dropped', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ due: fc.integer({ min: 1, max: 500 }), drop: fc.boolean() })), (wanted) => {
        const clock = new ManualClock(new Date(0));
        const queue = new DueQueue(clock);
        const woken: number[] = [];
        const entries: [DueEntry, boolean][] = wanted.map(({ due, drop }) => [
          queue.add(due, () => woken.push(due)),
          drop,
        ]);
        for (const [entry, drop] of entries) if (drop) queue.drop(entry);
        for (let next = clock.next(); next !== undefined; next = clock.next()) {
          clock.advance(next.getTime() - clock.now().getTime());
        }
        const kept = wanted.filter(({ drop }) => !drop).map(({ due }) => due);
        expect(woken).toEqual(kept.sort((a, b) => a - b));
      }),
    );
  });

  it('has one order at the clock, for the earliest', () => {
    const clock = new ManualClock(new Date(0));
    const queue = new DueQueue(clock);
    queue.add(400 * 86_400_000, () => undefined);
    queue.add(1000, () => undefined);
    expect(clock.next()).toEqual(new Date(1000));
    queue.stop();
    expect(clock.next()).toBeUndefined();
  });
});
