import { describe, expect, it } from 'vitest';
import { fleetWaves } from '../../../../../local/stand/fleet/waves.ts';

describe('the waves of a fleet', () => {
  it.each([
    [500, [5, 20, 75, 150, 250]],
    [5000, [50, 200, 750, 1500, 2500]],
    [12, [1, 2, 3, 6]],
    [2, [1, 1]],
    [1, [1]],
  ])('of %i machines are %j', (machines, waves) => {
    expect(fleetWaves(machines)).toEqual(waves);
  });
});
