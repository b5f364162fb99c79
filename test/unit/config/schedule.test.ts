import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../../src/config/schedule.ts';

describe('parseSchedule', () => {
  const good = [
    '0 0 * * * *',
    '*/30 * * * * *',
    '0 5,35 8-18/2 1 jan-mar MON-FRI',
    '0 0 6 * * Sunday',
    '59 59 23 31 12 6',
  ];
  it.each(good)('takes %s', (text) => {
    expect(parseSchedule(text)).toEqual({ value: text });
  });

  it('evens out white space', () => {
    expect(parseSchedule('  0  0 * * * *\t')).toEqual({ value: '0 0 * * * *' });
  });

  const bad: [string, RegExp][] = [
    ['', /six/],
    ['0 * * * *', /has 5 fields/],
    ['60 0 * * * *', /mend its second/],
    ['0 -1 * * * *', /mend its minute/],
    ['0 0 24 * * *', /mend its hour/],
    ['0 0 0 0 * *', /mend its day/],
    ['0 0 0 1 feb-jan *', /mend its month/],
    ['0 0 0 1 1 noday', /mend its day of week/],
    ['0 */0 * * * *', /mend its minute/],
    ['0 1/2/3 * * * *', /mend its minute/],
    ['x y * * * *', /mend its second, minute/],
    ['0 0 1- * * *', /mend its hour/],
  ];
  it.each(bad)('refuses %s', (text, problem) => {
    expect(parseSchedule(text)).toEqual({ problem: expect.stringMatching(problem) });
  });
});
