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

  it('is told from one process to another', () => {
    expect(readLapse(lapseText({ since, factor: 6 }))).toEqual({ since, factor: 6 });
  });

  it.each(['', '5', '1,0', '1,101', '1,2,3', '-1,5', 'now,5'])('is not %j', (text) => {
    expect(readLapse(text)).toBeUndefined();
  });
});
