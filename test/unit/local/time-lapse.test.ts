import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../local/clock.ts';
import { lapseText, readLapse, timeLapse } from '../../../local/time-lapse.ts';

const since = Date.parse('2030-01-01T00:00:00Z');

describe('a time lapse', () => {
  it('lives through five seconds in one', () => {
    const real = new ManualClock(new Date(since));
    const clock = timeLapse({ since, factor: 5 }, real);
    real.advance(2000);
    expect(clock.now()).toEqual(new Date(since + 10_000));
  });

  it('that catches up is behind until then, and as real time is from then on', () => {
    const real = new ManualClock(new Date(since - 2000));
    const clock = timeLapse({ since, factor: 5, catchesUp: true }, real);
    expect(clock.now()).toEqual(new Date(since - 10_000));
    const woken: Date[] = [];
    for (const due of [since - 5000, since, since + 3000]) clock.at(new Date(due), () => woken.push(real.now()));
    real.advance(1000);
    expect([clock.now(), woken]).toEqual([new Date(since - 5000), [new Date(since - 1000)]]);
    real.advance(1000);
    expect(clock.now()).toEqual(new Date(since));
    real.advance(3000);
    expect(clock.now()).toEqual(new Date(since + 3000));
    expect(woken).toHaveLength(3);
  });

  it('wakes nobody before the moment has come', () => {
    const real = new ManualClock(new Date(since));
    const clock = timeLapse({ since, factor: 7 }, real);
    let wokenAt: Date | undefined;
    clock.at(new Date(since + 10_000), () => {
      wokenAt = clock.now();
    });
    real.advance(1428);
    expect(wokenAt).toBeUndefined();
    real.advance(1);
    expect(wokenAt?.getTime()).toBeGreaterThanOrEqual(since + 10_000);
  });

  it.each([
    { since, factor: 6 },
    { since, factor: 6, catchesUp: true as const },
  ])('is told from one process to another: %j', (lapse) => expect(readLapse(lapseText(lapse))).toEqual(lapse));

  it.each(['', '5', '1,0', '1,101', '1,2,3', '-1,5', 'now,5', '1,5,', '1,5,faster'])('is not %j', (text) => {
    expect(readLapse(text)).toBeUndefined();
  });
});
