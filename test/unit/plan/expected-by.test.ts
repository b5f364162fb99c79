import { describe, expect, it } from 'vitest';
import { expectedBy, pushed, slackMilliseconds } from '../../../src/plan/expected-by.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { percentWaves } from '../../../src/plan/waves.ts';
import { plan } from '../../builders/world.ts';

const now = new Date('2026-06-01T00:00:00Z');
const HOUR = 3_600_000;

function rollout(wavePercent: readonly number[], soakSeconds = 0, forSeconds = 3600): Pick<Plan, 'rollout'> {
  return {
    rollout: {
      ...plan().rollout,
      waves: percentWaves(wavePercent),
      soakSeconds,
      verify: { everySeconds: 60, forSeconds },
    },
  };
}

describe('expectedBy', () => {
  it.each([
    ['no target', rollout([100]), 0, 6],
    ['one target: deployed, verified and perhaps taken back', rollout([100]), 1, 6 + 2 * 3],
    ['two waves with a day between them', rollout([50, 100], 86_400), 2, 6 + 48 + 2 * 2 * 3],
    ['more waves than targets', rollout([10, 50, 100], 3600), 1, 6 + 1 + 2 * 3],
    ['a hundred and one targets side by side', rollout([100]), 101, 6 + 2 * 3],
    ['more than are at work at once, as fast as they may start', rollout([100]), 28_960, 6 + 2 * (29 * 3 + 1)],
  ])('gives time to a rollout over %s', (_title, plan, targets, hours) => {
    expect(expectedBy(now, { plan, targets }).getTime() - now.getTime()).toBe(hours * HOUR);
  });
});

describe('pushed', () => {
  const wait = { now, plan: rollout([100]), targets: 0 };

  it('adds a wait to what is left to do', () => {
    expect(pushed('2026-06-01T01:00:00.000Z', { ...wait, seconds: 3600 })).toBe('2026-06-01T07:00:00.000Z');
    expect(pushed(undefined, { ...wait, seconds: 0 })).toBe('2026-06-01T06:00:00.000Z');
  });

  it('never pulls back', () => {
    expect(pushed('2026-06-09T00:00:00.000Z', { ...wait, seconds: 3600 })).toBe('2026-06-09T00:00:00.000Z');
  });
});

describe('slackMilliseconds', () => {
  it('is what is left of the life once the renewal is done', () => {
    const ahead = { plan: rollout([100]), targets: 0 };
    expect(slackMilliseconds(now, new Date('2026-06-02T00:00:00Z'), ahead)).toBe(18 * HOUR);
    expect(slackMilliseconds(now, new Date('2026-06-01T01:00:00Z'), ahead)).toBe(-5 * HOUR);
  });
});
