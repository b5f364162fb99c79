import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { RenewalError } from '../../../src/errors.ts';
import { SIDE_BY_SIDE, sideBySide } from '../../../src/targets/side-by-side.ts';

const numbers = Array.from({ length: 25 }, (_, at) => at);
const throttled = (retryAfterSeconds?: number) =>
  new RenewalError('arm-throttled', 'slow down', retryAfterSeconds === undefined ? {} : { retryAfterSeconds });

function bench() {
  const clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  const pauses: number[] = [];
  const pause = async (milliseconds: number): Promise<void> => {
    pauses.push(milliseconds);
    clock.advance(milliseconds);
  };
  return { pauses, waiting: { clock, pause } };
}

describe('the same for many', () => {
  it('is done for ten at a time, in their order', async () => {
    const { waiting } = bench();
    let [going, most] = [0, 0];
    const answers = await sideBySide(
      numbers,
      async (item) => {
        going += 1;
        most = Math.max(most, going);
        await Promise.resolve();
        going -= 1;
        return item;
      },
      { waiting },
    );
    expect(answers).toEqual(numbers);
    expect(most).toBe(SIDE_BY_SIDE);
  });

  it('begins no group before the one before is done, and none after one that has failed', async () => {
    const { waiting } = bench();
    const begun: number[] = [];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      if (item === 12) throw new RenewalError('arm-forbidden', 'no');
    };
    await expect(sideBySide(numbers, work, { waiting })).rejects.toMatchObject({ code: 'arm-forbidden' });
    expect(begun).toEqual(numbers.slice(0, 20));
  });

  it('waits where it is for a second, and not for a minute', async () => {
    const { waiting, pauses } = bench();
    let left = 3;
    const once = async (): Promise<string> => {
      left -= 1;
      if (left > 0) throw throttled(1);
      return 'done';
    };
    expect(await sideBySide([0], once, { waiting })).toEqual(['done']);
    expect(pauses).toEqual([1000, 1000]);
    for (const error of [throttled(6), throttled()])
      await expect(sideBySide([0], () => Promise.reject(error), { waiting })).rejects.toBe(error);
    expect(pauses).toHaveLength(2);
  });

  it('has patience for a minute in all', async () => {
    const { waiting, pauses } = bench();
    await expect(sideBySide([0], () => Promise.reject(throttled(5)), { waiting })).rejects.toMatchObject({
      retryAfterSeconds: 5,
    });
    expect(pauses).toHaveLength(12);
  });

  it('ends with a clock that stands still, too', async () => {
    const waiting = { ...bench().waiting, pause: async () => undefined };
    const error = throttled(0);
    await expect(sideBySide([0], () => Promise.reject(error), { waiting })).rejects.toBe(error);
  });

  it('leaves out what comes after a group that is enough', async () => {
    const { waiting } = bench();
    const isEnough = (group: readonly number[]): boolean => group.includes(3);
    expect(await sideBySide(numbers, async (item) => item, { waiting, isEnough })).toEqual(numbers.slice(0, 10));
  });
});
