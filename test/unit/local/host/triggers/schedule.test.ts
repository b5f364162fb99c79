import { expect, test } from 'vitest';
import { parseSchedule } from '../../../../../local/host/triggers/schedule.ts';
import { timeSpanMilliseconds } from '../../../../../local/host/triggers/time-span.ts';

test.each([
  ['0 */5 * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00Z'],
  ['*/5 * * * *', '2026-01-01T00:04:59Z', '2026-01-01T00:05:00Z'],
  ['30 0 2 * * *', '2026-01-01T02:00:30Z', '2026-01-02T02:00:30Z'],
  ['0 0 6 * * MON-FRI', '2026-01-02T06:00:00Z', '2026-01-05T06:00:00Z'],
  ['0 30 9 * Jan 1', '2026-01-27T00:00:00Z', '2027-01-04T09:30:00Z'],
  ['0 0 0 13 * 5', '2026-01-01T00:00:00Z', '2026-02-13T00:00:00Z'],
  ['* * * 13 * 5', '2026-02-13T23:59:59Z', '2026-03-13T00:00:00Z'],
  ['0 0 0 29 2 0', '2026-01-01T00:00:00Z', '2032-02-29T00:00:00Z'],
  ['00:10:00', '2026-01-01T00:00:00Z', '2026-01-01T00:10:00Z'],
])('%s after %s', (text, from, expected) => {
  expect(parseSchedule(text).next(new Date(from))).toEqual(new Date(expected));
});

test('follows a time zone with its summer time', () => {
  const schedule = parseSchedule('0 0 3 * * *', 'Europe/Berlin');
  expect(schedule.next(new Date('2026-03-28T12:00:00Z'))).toEqual(new Date('2026-03-29T01:00:00Z'));
});

test.each([
  '',
  '* * *',
  '@daily',
  '0 0 0 L * *',
  '0 0 0 * * 1#1',
  'H * * * * *',
  '61 * * * * *',
  '0 0 0 30 2 *',
  '00:00:00',
])('refuses "%s"', (text) => {
  expect(() => parseSchedule(text).next(new Date())).toThrow(/schedule/);
});

test.each([
  ['00:00:02', 2000],
  ['1.00:00:00', 86_400_000],
  ['two', undefined],
])('reads the time span %s', (text, expected) => {
  expect(timeSpanMilliseconds(text)).toBe(expected);
});
