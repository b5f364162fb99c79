import { describe, expect, it } from 'vitest';
import { fullPace, paced, startsOf, subscriptionOf } from '../../../src/renewal/pace.ts';
import { NOW, site } from '../../builders/world.ts';

const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);
const all = (count: number) => Array.from({ length: count }, () => 'one');

/** Seconds after `NOW` at which each of so many targets starts. */
function seconds(starts: readonly (string | undefined)[]): readonly number[] {
  return starts.map((start) => (start === undefined ? 0 : (Date.parse(start) - NOW.getTime()) / 1000));
}

describe('the pace', () => {
  it('lets a burst go at once, and then as many a second as the share allows', () => {
    const { paces } = paced(fullPace(50), [{ writes: { one: 130 } }], NOW);
    const starts = seconds(startsOf(all(130), paces[0] ?? never()));
    expect(starts.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 0));
    expect(starts.slice(100)).toEqual(Array.from({ length: 30 }, (_, index) => (index + 1) / 5));
  });

  it('gives groups that start together one bucket', () => {
    const { paces } = paced(fullPace(100), [{ writes: { one: 150 } }, { writes: { one: 100 } }], NOW);
    const [first, second] = paces.map((pace, index) => seconds(startsOf(all(index === 0 ? 150 : 100), pace)));
    expect(Math.max(...(first ?? []))).toBe(0);
    expect(second?.slice(49, 52)).toEqual([0, 0.1, 0.2]);
    expect(second?.at(-1)).toBe(5);
  });

  it('carries what was used up into the next wave, less what has filled up since', () => {
    const { pace } = paced(fullPace(100), [{ writes: { one: 250 } }], NOW);
    const after = paced(pace, [{ writes: { one: 100 } }], later(10));
    expect(after.paces[0]?.writes).toEqual({ one: 50 });
    expect(paced(pace, [{ writes: { one: 1 } }], later(3600)).paces[0]?.writes).toEqual({ one: 200 });
  });

  it('knows a bucket for each subscription, and lets what is in none go at once', () => {
    const { paces } = paced(fullPace(100), [{ writes: { one: 1, two: 300 } }], NOW);
    const starts = seconds(
      startsOf(['one', undefined, ...Array.from({ length: 201 }, () => 'two')], paces[0] ?? never()),
    );
    expect(starts.slice(0, 3)).toEqual([0, 0, 0]);
    expect(starts.at(-1)).toBe(0.1);
  });

  it('never lets more start than the bucket holds, however waves follow one another', () => {
    const begun: number[] = [];
    let pace = fullPace(80);
    for (const [at, count] of [
      [0, 50],
      [4, 200],
      [31, 400],
      [90, 120],
    ] as const) {
      const now = later(at);
      const next = paced(pace, [{ writes: { one: count } }], now);
      const starts = startsOf(all(count), next.paces[0] ?? never());
      begun.push(...starts.map((start) => (start === undefined ? at : (Date.parse(start) - NOW.getTime()) / 1000)));
      pace = next.pace;
    }
    for (const from of begun)
      for (const span of [1, 10, 60])
        expect(begun.filter((one) => one >= from && one < from + span).length).toBeLessThanOrEqual(160 + 8 * span + 1);
  });
});

describe('the subscription of a target', () => {
  it('is that of its ARM id, whatever the member is called, in lower case', () => {
    const target = { ...site('a'), site: '/subscriptions/ABC/resourceGroups/x' };
    expect(subscriptionOf(target)).toBe('abc');
    expect(subscriptionOf({ ...target, site: 'nothing' })).toBeUndefined();
  });
});

function never(): never {
  throw new TypeError('a group has no pace');
}
