import { describe, expect, it } from 'vitest';
import { createThrottle, operationOf, type Toll } from '../../../../local/arm/throttle.ts';
import { ManualClock } from '../../../../local/clock.ts';

const toll = (key: string, burst = 2, perSecond = 0.5): Toll => ({
  policy: 'reads',
  key,
  bucket: { burst, perSecond },
});

describe('throttling', () => {
  it('empties a bucket and fills it by the clock', () => {
    const clock = new ManualClock(new Date(0));
    const take = createThrottle(clock);
    expect(take([toll('a')])).toEqual({ state: 'taken', remaining: [1] });
    expect(take([toll('a')])).toEqual({ state: 'taken', remaining: [0] });
    expect(take([toll('a')])).toEqual({ state: 'empty', toll: toll('a'), retryAfterSeconds: 2 });
    expect(take([toll('b')]).state).toBe('taken');
    expect(take([{ ...toll('a'), policy: 'writes' }]).state).toBe('taken');
    clock.advance(2000);
    expect(take([toll('a')]).state).toBe('taken');
  });

  it('holds no more than the bucket, however long nobody asks', () => {
    const clock = new ManualClock(new Date(0));
    const take = createThrottle(clock);
    take([toll('a')]);
    clock.advance(3_600_000);
    expect(take([toll('a')])).toEqual({ state: 'taken', remaining: [1] });
  });

  it('takes nothing from any bucket when one of them is empty', () => {
    const take = createThrottle(new ManualClock(new Date(0)));
    take([toll('one', 1)]);
    expect(take([toll('all'), toll('one', 1)])).toMatchObject({ state: 'empty', toll: { key: 'one' } });
    expect(take([toll('all')])).toEqual({ state: 'taken', remaining: [1] });
  });

  it.each([
    ['GET', 'reads'],
    ['PUT', 'writes'],
    ['POST', 'writes'],
    ['DELETE', 'deletes'],
  ])('counts %s among the %s', (method, operation) => {
    expect(operationOf(method)).toBe(operation);
  });
});
