import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { invariants } from '../../sim/invariants/table.ts';
import { applyPatch, mutants } from '../../sim/mutants.ts';

const active = invariants.filter(({ watch }) => watch !== undefined).map(({ id }) => id);

describe('mutants', () => {
  it('are at least fifteen', () => {
    expect(mutants().length).toBeGreaterThanOrEqual(15);
  });

  it.each(mutants())('$name applies to the product as it is', ({ file }) => {
    expect(applyPatch(file, '.', ['--check'])).toBeUndefined();
  });

  it.each(mutants())('$name tells its mistake, and which invariant sees it', ({ mistake, seenBy }) => {
    expect(mistake).toMatch(/^[A-Z].+\.$/);
    expect(seenBy.length).toBeGreaterThan(0);
    expect(active).toEqual(expect.arrayContaining([...seenBy]));
  });

  it.each(mutants())('$name breaks the product and nothing else', ({ file }) => {
    const touched = [...readFileSync(file, 'utf8').matchAll(/^\+\+\+ b\/(.*)$/gm)].map(([, path]) => path);
    expect(touched.filter((path) => !/^(src|functions)\//.test(path ?? ''))).toEqual([]);
  });

  it('refuses a patch that no longer applies', () => {
    expect(applyPatch('package.json', '.', ['--check'])).toMatch(/No valid patches|error/);
  });
});
