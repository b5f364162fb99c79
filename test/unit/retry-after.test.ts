import { describe, expect, it } from 'vitest';
import { retryAfterSeconds } from '../../src/retry-after.ts';

const now = new Date('2026-03-01T00:00:00Z');

describe('Retry-After', () => {
  it.each([
    ['10', 10],
    ['0', 0],
    ['1.2', 2],
    ['Sun, 01 Mar 2026 00:01:30 GMT', 90],
    ['Sat, 28 Feb 2026 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %s', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });
});
