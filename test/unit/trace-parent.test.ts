import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { childOf, eventTraceParent, firstTraceParent, traceIdOf } from '../../src/trace-parent.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const good = `00-${traceId}-${parentId}-01`;

describe('firstTraceParent', () => {
  it.each([
    ['as the recommendation shows it', good, good],
    ['not sampled', `00-${traceId}-${parentId}-00`, `00-${traceId}-${parentId}-00`],
    ['with the flag of a random trace id', `00-${traceId}-${parentId}-03`, `00-${traceId}-${parentId}-03`],
    ['with flags that nobody knows', `00-${traceId}-${parentId}-ff`, `00-${traceId}-${parentId}-03`],
    ['of a later version', `cc-${traceId}-${parentId}-01`, good],
    ['of a later version that says more', `cc-${traceId}-${parentId}-01-what-the-future-will-be`, good],
  ])('reads one %s', (_, text, read) => {
    expect(firstTraceParent(text)).toBe(read);
  });

  it.each([
    ['nothing', undefined],
    ['no text', 7],
    ['an empty text', ''],
    ['upper case', good.toUpperCase()],
    ['version ff', `ff-${traceId}-${parentId}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${parentId}-01`],
    ['a parent id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['more behind version 00', `${good}-more`],
    ['a later version with more and no hyphen', `cc-${traceId}-${parentId}-01.more`],
    ['a short trace id', `00-${traceId.slice(1)}-${parentId}-01`],
    ['a blank before it', ` ${good}`],
    ['two of them', `${good},${good}`],
    ['a line feed behind it', `${good}\n`],
    ['a list', [good]],
    ['what has no end', `cc-${traceId}-${parentId}-01-${'x'.repeat(100_000)}`],
  ])('passes over %s', (_, candidate) => {
    expect(firstTraceParent(candidate)).toBeUndefined();
    expect(firstTraceParent(candidate, good)).toBe(good);
  });

  it('answers with nothing but 55 characters of version 00, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.stringMatching(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.*$/), (a, b) => {
        expect(firstTraceParent(a, b) ?? good).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
      }),
    );
  });
});

describe('eventTraceParent', () => {
  it('is the member of the extension of CloudEvents', () => {
    expect(eventTraceParent({ specversion: '1.0', traceparent: good })).toBe(good);
    expect(eventTraceParent({ eventType: 'a' })).toBeUndefined();
    expect(eventTraceParent('text')).toBeUndefined();
    expect(eventTraceParent(null)).toBeUndefined();
  });
});

it('a child is of the same trace, with its own span', () => {
  expect(childOf(good, 'b7ad6b7169203331')).toBe(`00-${traceId}-b7ad6b7169203331-01`);
  expect(traceIdOf(childOf(good, 'b7ad6b7169203331'))).toBe(traceId);
  expect(traceIdOf(undefined)).toBeUndefined();
});
