import { describe, expect, it } from 'vitest';
import { firstLooksOf, laterLooks, nextLookSeconds } from '../../../src/renewal/first-look.ts';
import type { TargetInput } from '../../../src/renewal/group.ts';
import type { TargetResult } from '../../../src/renewal/story.ts';
import { site } from '../../builders/world.ts';
import { livePath, type Path } from '../../replay/path.ts';
import { paths } from '../../replay/paths.ts';
import { recordingsOf } from '../../replay/recording.ts';

function seen(...seconds: readonly (number | undefined)[]): readonly TargetResult[] {
  return seconds.map((seenAfterSeconds, index) => ({
    ...{ id: `machine-${index}`, kind: 'virtual-machine', verified: true, touched: true },
    ...(seenAfterSeconds !== undefined && { seenAfterSeconds }),
  }));
}

describe('the first look of the next wave', () => {
  it.each([
    ['comes when three of four were done', seen(20, 25, 30, 90), undefined, { 'virtual-machine': 30 }],
    ['comes when the only one was done', seen(35), undefined, { 'virtual-machine': 35 }],
    ['stays where it shows most of them', seen(30, 30, 35, 40), 30, { 'virtual-machine': 35 }],
    ['comes sooner when it showed them all', seen(90, 91, 92, 93), 90, { 'virtual-machine': 72 }],
    ['is not told by targets that were not seen', seen(undefined, undefined), 30, {}],
    ['is told by those that were', seen(undefined, 40), 30, { 'virtual-machine': 40 }],
  ] as const)('%s', (_title, results, known, looks) => {
    expect(firstLooksOf(results, known === undefined ? {} : { 'virtual-machine': known })).toEqual(looks);
  });

  it('is that of the slowest group, and of each kind its own', () => {
    const groups = [{ 'virtual-machine': 30 }, undefined, { 'virtual-machine': 40, kubernetes: 60 }];
    const known = { 'virtual-machine': 90, webhook: 10 };
    expect(laterLooks(known, groups)).toEqual({ 'virtual-machine': 40, kubernetes: 60, webhook: 10 });
  });
});

describe('the next look', () => {
  it.each([
    [20, 30, 5],
    [40, 30, 5],
    [41, 30, 6],
    [120, 30, 15],
    [900, 30, 30],
    [20, 3, 3],
  ])('after %i s, of a plan that looks every %i s, is %i s away', (waited, every, seconds) => {
    expect(nextLookSeconds(waited, every)).toBe(seconds);
  });
});

describe('a rollout', () => {
  it('looks at its second wave when most of the first were done', async () => {
    const { lived } = await livePath(paths['told-when-to-look'] as Path);
    const [first, second] = lived.result.targets;
    expect(first).toMatchObject({ id: site('a').id, verified: true });
    expect(first?.seenAfterSeconds).toBeGreaterThanOrEqual(90);
    expect(first?.seenAfterSeconds).toBeLessThanOrEqual(90 * 1.15);
    const children = recordingsOf(lived.calls, { path: '', tells: '' })
      .filter(({ orchestrator }) => orchestrator === 'deployTarget')
      .map(({ input }) => input as TargetInput);
    const looks = children.map(({ target, firstLooks }) => [target.id, firstLooks?.['app-service']]);
    expect(looks[0]).toEqual([site('a').id, undefined]);
    expect(looks.at(-1)).toEqual([site('b').id, first?.seenAfterSeconds]);
    expect(second?.seenAfterSeconds).toBe(first?.seenAfterSeconds);
  });
});
