import { expect, it } from 'vitest';
import { readTimespan } from '../../../../local/monitor/timespan.ts';

const now = new Date('2026-06-02T00:00:00Z');
const at = (text: string) => new Date(`2026-${text}Z`);

it.each([
  ['PT1H', { from: at('06-01T23:00:00'), to: now }],
  ['P1DT30M', { from: at('05-31T23:30:00'), to: now }],
  ['2026-06-01T00:00:00.000Z/2026-06-01T06:00:00Z', { from: at('06-01T00:00:00'), to: at('06-01T06:00:00') }],
  ['2026-06-01T00:00:00Z/PT6H', { from: at('06-01T00:00:00'), to: at('06-01T06:00:00') }],
  ['P7D/2026-06-08T00:00:00Z', { from: at('06-01T00:00:00'), to: at('06-08T00:00:00') }],
  [undefined, {}],
])('%s is read', (text, window) => {
  expect(readTimespan(text, now)).toEqual(window);
});

it.each(['', 'P', 'PT', '1h', 'P1M', '2026-06-01/2026-06-02', 'PT1H/PT1H'])('"%s" is none', (text) => {
  expect(readTimespan(text, now)).toBeUndefined();
});
