import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useKinds } from '../../../../src/targets/discovery/found.ts';
import { guides, guidesOf, unlookedPlaces } from '../../../../src/targets/discovery/guides.ts';
import { useStates } from '../../../../src/targets/discovery/uses.ts';
import { useWarnings } from '../../../../src/targets/discovery/warnings.ts';

const docs = readFileSync('docs/where-used.md', 'utf8');

describe('what people are told to do', () => {
  it('is there for every kind of place, and only where it is needed', () => {
    expect(Object.keys(guides).sort()).toEqual([...useKinds].sort());
    expect(
      guidesOf([
        { kind: 'front-door', state: 'pinned' },
        { kind: 'front-door', state: 'guided' },
        { kind: 'app-service', state: 'copy' },
        { kind: 'scale-set', state: 'incomplete' },
        { kind: 'application-gateway', state: 'explained' },
      ]),
    ).toEqual({ 'app-service': guides['app-service'], 'front-door': guides['front-door'] });
  });
});

describe('the page about uses', () => {
  it.each([...useKinds, ...Object.keys(useStates), ...Object.keys(useWarnings), ...Object.keys(unlookedPlaces)])(
    'tells of `%s`',
    (word) => {
      expect(docs).toContain(`\`${word}\``);
    },
  );
});
