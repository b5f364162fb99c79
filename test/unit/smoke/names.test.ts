import { describe, expect, it } from 'vitest';
import { isThrowAway, namesOf, runName, runOf, TAG } from '../../../smoke/names.ts';

const RUN = runName(new Date('2026-11-21T17:00:01.234Z'));

describe('the names of a run', () => {
  it('begin with its own, which says when it began', () => {
    expect(RUN).toBe('perennial-smoke-20261121t170001');
    for (const name of Object.values(namesOf(RUN))) {
      expect(runOf(name)).toBe(RUN);
      expect(name).toMatch(/^[0-9a-z-]{1,63}$/);
    }
    expect(new Set(Object.values(namesOf(RUN))).size).toBe(5);
  });

  it.each(['shop', 'perennial-smoke', 'perennial-smoke-shop', `${RUN}x`, `x${RUN}`, ''])('%s is of no run', (name) => {
    expect(runOf(name)).toBeUndefined();
    expect(isThrowAway(name, { tags: { [TAG]: RUN }, hasVersion: true })).toBe(false);
  });
});

describe('what may be deleted', () => {
  it.each([
    ['its name and its tag are of one run', RUN, { [TAG]: RUN }, true, true],
    ['it has no version yet, and shows no tags', RUN, undefined, false, true],
    ['its tag is of another run', RUN, { [TAG]: runName(new Date('2026-01-01')) }, true, false],
    ['its tag is of another run, and it has no version', RUN, { [TAG]: 'mine' }, false, false],
    ['it has a version and no tag: somebody has taken the name', RUN, {}, true, false],
  ])('%s', (_what, name, tags, hasVersion, expected) => {
    expect(isThrowAway(name, { tags, hasVersion })).toBe(expected);
  });
});
