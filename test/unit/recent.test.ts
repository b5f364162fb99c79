import { describe, expect, it } from 'vitest';
import { createRecent } from '../../src/recent.ts';

describe('createRecent', () => {
  it('forgets what was unused for longest', () => {
    const recent = createRecent<number>(2);
    recent.set('a', 1);
    recent.set('b', 2);
    expect(recent.get('a')).toBe(1);
    recent.set('c', 3);
    expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, undefined, 3]);
  });

  it('replaces, and forgets what it is told to', () => {
    const recent = createRecent<number>(2);
    recent.set('a', 1);
    recent.set('a', 2);
    expect(recent.get('a')).toBe(2);
    recent.forget('a');
    expect(recent.get('a')).toBeUndefined();
  });
});
