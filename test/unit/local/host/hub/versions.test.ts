import { describe, expect, it } from 'vitest';
import { compareVersions, versionObjection } from '../../../../../local/host/hub/versions.ts';

describe('compareVersions', () => {
  it.each([
    ['1.0', '1.0', 0],
    ['1.9', '1.10', -1],
    ['2.0', '1.10', 1],
    ['1.0', '1.0.0', -1],
    ['', '1.0', -1],
    ['beta', 'BETA', 0],
    ['alpha', 'beta', -1],
    ['v2', '10.0', 1],
  ])('%j against %j is %i', (one, other, order) => {
    expect(compareVersions(one, other)).toBe(order);
  });
});

describe('versionObjection', () => {
  it.each([
    ['None', '9.0', true],
    ['Strict', '1.0', false],
    ['Strict', '2.0', true],
    ['CurrentOrOlder', '1.0', true],
    ['CurrentOrOlder', '2.0', true],
    ['CurrentOrOlder', '2.1', false],
    ['CurrentOrOlder', undefined, true],
  ] as const)('%s at 2.0 lets %s run: %s', (versionMatchStrategy, version, runs) => {
    const objection = versionObjection(version, { defaultVersion: '2.0', versionMatchStrategy });
    expect(objection === undefined).toBe(runs);
  });

  it('has none without a default version', () => {
    expect(versionObjection('9.0', { versionMatchStrategy: 'Strict' })).toBeUndefined();
  });
});
