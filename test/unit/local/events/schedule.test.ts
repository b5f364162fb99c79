import { describe, expect, it } from 'vitest';
import { isDelivered, isRetried, outcomeWord, retryDelay } from '../../../../local/events/schedule.ts';

describe('retry schedule', () => {
  it.each([
    [1, 10],
    [2, 30],
    [3, 60],
    [4, 300],
    [5, 600],
    [6, 1800],
    [7, 3600],
    [8, 10_800],
    [9, 21_600],
    [10, 43_200],
    [29, 43_200],
  ])('waits after failure %i for %i seconds', (failures, seconds) => {
    expect(retryDelay(failures, { status: 500 }, 0)).toBe(seconds * 1000);
  });

  it.each([
    [401, 300],
    [404, 300],
    [408, 120],
    [503, 30],
    [429, 10],
    [500, 10],
  ])('waits after a first %i at least %i seconds', (status, seconds) => {
    expect(retryDelay(1, { status }, 0)).toBe(seconds * 1000);
  });

  it('spreads a wait by at most a tenth', () => {
    expect(retryDelay(1, { status: 500 }, 0.5)).toBe(10_500);
    expect(retryDelay(1, { status: undefined, timedOut: true }, 0.999)).toBeLessThanOrEqual(11_000);
  });
});

describe('statuses', () => {
  it.each([200, 201, 202, 203, 204])('takes %i for delivered', (status) => {
    expect(isDelivered({ status })).toBe(true);
  });

  it.each([205, 206, 302, 400, 500])('takes %i for failed', (status) => {
    expect(isDelivered({ status })).toBe(false);
  });

  it.each([
    [400, false, false],
    [401, true, false],
    [403, false, false],
    [413, false, false],
    [404, true, true],
    [408, true, true],
    [429, true, true],
    [500, true, true],
    [503, true, true],
  ])('retries %i for a function: %s, for a webhook: %s', (status, forFunction, forWebhook) => {
    expect(isRetried({ status }, 'azure-function')).toBe(forFunction);
    expect(isRetried({ status }, 'webhook')).toBe(forWebhook);
  });

  it('retries after no answer and names it', () => {
    expect(isRetried({ status: undefined, timedOut: false }, 'webhook')).toBe(true);
    expect(outcomeWord({ status: undefined, timedOut: true })).toBe('TimedOut');
    expect(outcomeWord({ status: undefined, timedOut: false })).toBe('SocketError');
    expect(outcomeWord({ status: 404 })).toBe('NotFound');
    expect(outcomeWord({ status: 418 })).toBe('GenericError');
  });
});
