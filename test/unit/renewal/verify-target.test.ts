import { describe, expect, it } from 'vitest';
import { judge } from '../../../src/renewal/verify-target.ts';
import { NOW } from '../../builders/world.ts';

describe('a probe', () => {
  const wanted = 'a'.repeat(64);
  const served = { state: 'served', at: NOW.toISOString(), sha256: wanted, serial: '01', chain: [wanted] } as const;
  const notAfter = NOW.toISOString();

  it.each([
    ['of what is wanted verifies', { ...served, notAfter }, { servedSha256: wanted }],
    [
      'of another certificate tells which is served',
      { ...served, notAfter, sha256: 'b'.repeat(64) },
      { servedSha256: 'b'.repeat(64), problem: `still serves ${'b'.repeat(16)}` },
    ],
    [
      'of what is wanted in a chain that does not hold is not enough',
      { ...served, notAfter, problem: 'the root is not pinned' },
      { servedSha256: wanted, problem: 'the root is not pinned' },
    ],
    [
      'that nobody answered is no verification',
      { state: 'unreachable', at: NOW.toISOString(), reason: 'ECONNREFUSED' } as const,
      { problem: 'unreachable: ECONNREFUSED' },
    ],
  ])('%s', (_title, probe, seen) => {
    expect(judge(probe, wanted)).toEqual(seen);
  });
});
