import { describe, expect, it } from 'vitest';
import type { Target } from '../../../src/plan/targets/target.ts';
import { percentWaves } from '../../../src/plan/waves.ts';
import { shapeOf } from '../../../src/renewal/rollout-shape.ts';
import { plan, site } from '../../builders/world.ts';

const rollout = { ...plan().rollout, waves: percentWaves([100]) };

function fleet(count: number, subscriptions = 1): readonly Target[] {
  return Array.from({ length: count }, (_, index) => {
    const one = site(`vm-${index}`);
    return { ...one, site: one.site.replace('/s/', `/sub-${index % subscriptions}/`) };
  });
}

const sizes = (targets: readonly Target[], changes = {}) =>
  shapeOf(targets, { rollout: { ...rollout, ...changes } }).shape.waves.map(({ batches }) =>
    batches.map((batch) => batch.map(({ count }) => count)),
  );

describe('the shape of a rollout', () => {
  it('has groups of at most fifty', () => {
    expect(sizes(fleet(120))).toEqual([[[50, 50, 20]]]);
    expect(sizes(fleet(3), { waves: [{ count: 1 }] })).toEqual([[[1]], [[2]]]);
    expect(sizes([])).toEqual([]);
  });

  it('ends a batch before a subscription has more at work than it may', () => {
    expect(sizes(fleet(120), { perSubscription: 60 })).toEqual([
      [
        [50, 10],
        [50, 10],
      ],
    ]);
    expect(sizes(fleet(120, 2), { perSubscription: 60 })).toEqual([[[50, 50, 20]]]);
  });

  it('has at most a hundred groups in a batch', () => {
    expect(sizes(fleet(5051, 10), { perSubscription: 5000 })[0]?.map(({ length }) => length)).toEqual([100, 2]);
  });

  it('keeps a group within what a row holds, and a history', () => {
    const wide = fleet(50).map((target) => ({ ...target, tags: { note: 'x'.repeat(20_000) } }));
    const { groups } = shapeOf(wide, { rollout });
    expect(groups.length).toBeGreaterThan(5);
    for (const { targets } of groups) expect(targets.length).toBeLessThan(210_000);
  });

  it('keeps every target once, under the hash of its group', () => {
    const targets = fleet(260, 3);
    const { shape, groups } = shapeOf(targets, { rollout: { ...rollout, waves: percentWaves([1, 40, 100]) } });
    expect(groups.flatMap((group) => JSON.parse(group.targets) as Target[])).toEqual(targets);
    const named = shape.waves.flatMap(({ batches }) => batches.flat());
    expect(named.map(({ key }) => key)).toEqual(groups.map(({ key }) => key));
    expect(shapeOf(targets, { rollout: { ...rollout, waves: percentWaves([1, 40, 100]) } }).shape).toEqual(shape);
  });

  it('of five thousand targets is small, and counts what each subscription has', () => {
    const { shape } = shapeOf(fleet(5000, 4), { rollout });
    expect(JSON.stringify(shape).length).toBeLessThan(40_000);
    const counts = shape.waves.flatMap(({ batches }) => batches.flat().map(({ writes }) => writes['sub-0'] ?? 0));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1250);
  });

  it('tells which targets take a version by themselves', () => {
    const { shape } = shapeOf([site('a')], { rollout });
    expect(shape.takers).toBe(`these take it by themselves: ${site('a').id} within 24 h`);
  });
});
