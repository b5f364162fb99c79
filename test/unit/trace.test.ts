import { describe, expect, it } from 'vitest';
import { currentTrace, inTrace, newTrace } from '../../src/trace.ts';
import { firstTraceParent } from '../../src/trace-parent.ts';

describe('inTrace', () => {
  it('lasts as long as the work, and no further', async () => {
    const one = newTrace('one');
    const two = newTrace('two');
    const seen = async () => {
      await Promise.resolve();
      return currentTrace();
    };
    expect(await Promise.all([inTrace(one, seen), inTrace(two, seen)])).toEqual([one, two]);
    expect(inTrace(one, () => inTrace(undefined, currentTrace))).toBeUndefined();
    expect(currentTrace()).toBeUndefined();
  });
});

describe('newTrace', () => {
  it('is the same for the same, another for another, and well formed', () => {
    expect(newTrace('a')).toBe(newTrace('a'));
    expect(newTrace('a')).not.toBe(newTrace('b'));
    expect(firstTraceParent(newTrace('a'))).toBe(newTrace('a'));
  });
});
