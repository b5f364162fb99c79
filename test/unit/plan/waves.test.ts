import { describe, expect, it } from 'vitest';
import { percentWaves, wavesOf } from '../../../src/plan/waves.ts';
import { aPlan, aSite } from './build.ts';

const { rollout } = aPlan();

/** Sites in the order of the file, each with the tags that are given. */
function sites(...tags: readonly (Readonly<Record<string, string>> | undefined)[]) {
  return tags.map((own, index) => aSite({ id: `app-service:site${index}:x`, ...(own && { tags: own }) }));
}

const numbersOf = (targets: readonly { readonly id: string }[]) =>
  targets.map(({ id }) => Number(/site(\d+)/.exec(id)?.[1]));

describe('waves by percent', () => {
  it.each([
    [0, [100], []],
    [1, [100], [1]],
    [1, [5, 25, 100], [1]],
    [2, [5, 100], [1, 1]],
    [10, [5, 25, 100], [1, 2, 7]],
    [100, [5, 25, 100], [5, 20, 75]],
    [3, [50, 60, 100], [2, 1]],
  ])('of %i targets at %j are %j', (count, percents, sizes) => {
    const targets = sites(...Array.from({ length: count }, () => undefined));
    const waves = wavesOf(targets, { ...rollout, waves: percentWaves(percents) });
    expect(waves.map((wave) => wave.targets.length)).toEqual(sizes);
    expect(waves.flatMap((wave) => wave.targets)).toEqual(targets);
  });
});

describe('waves', () => {
  const canary = { ring: 'canary' };
  const targets = sites(undefined, canary, { ring: 'early', region: 'north' }, canary, undefined, undefined);

  it.each([
    ['by count, and the rest after them', [{ count: 1 }, { count: 2 }], [[0], [1, 2], [3, 4, 5]]],
    [
      'by tag, each target once',
      [{ tag: canary }, { tag: canary }, { count: 9 }],
      [
        [1, 3],
        [0, 2, 4, 5],
      ],
    ],
    [
      'by several tags, of which a target has all',
      [{ tag: { ring: 'early', region: 'north' } }],
      [[2], [0, 1, 3, 4, 5]],
    ],
    [
      'by a tag that nobody has',
      [{ tag: { ring: 'late' } }, { percent: 50 }],
      [
        [0, 1, 2],
        [3, 4, 5],
      ],
    ],
    ['by a tag and a share of all', [{ tag: canary }, { percent: 50 }, { percent: 100 }], [[1, 3], [0], [2, 4, 5]]],
    [
      'by a share that earlier waves have reached',
      [{ count: 4 }, { percent: 50 }, { percent: 80 }],
      [[0, 1, 2, 3], [4], [5]],
    ],
  ])('go %s', (_title, waves, expected) => {
    expect(wavesOf(targets, { ...rollout, waves }).map((wave) => numbersOf(wave.targets))).toEqual(expected);
  });

  it('have limits of their own, or those of the rollout', () => {
    const waves = [
      { count: 1, soakSeconds: 60 },
      { count: 2, failureBudget: 1 },
    ];
    const found = wavesOf(targets, { failureBudget: 3, soakSeconds: 5, waves });
    expect(found.map(({ failureBudget, soakSeconds }) => [failureBudget, soakSeconds])).toEqual([
      [3, 60],
      [1, 5],
      [3, 5],
    ]);
  });

  it('know no tag that only every object has', () => {
    expect(wavesOf(targets, { ...rollout, waves: [{ tag: { constructor: 'x' } }] })).toHaveLength(1);
  });
});
