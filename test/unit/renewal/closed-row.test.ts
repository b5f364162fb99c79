import { describe, expect, it } from 'vitest';
import { closedRow } from '../../../src/renewal/steps/close.ts';
import type { RenewalResult } from '../../../src/renewal/story.ts';
import { NOW, plan } from '../../builders/world.ts';

describe('closedRow', () => {
  const row = {
    vault: 'kv-web',
    name: 'shop',
    plan: 'web',
    owner: 'o',
    state: 'renewing',
    attempt: 3,
    failedAttempts: 0,
  } as const;
  const result = (outcome: RenewalResult['outcome']): RenewalResult => ({
    renewalId: 'r',
    vault: 'kv-web',
    certificate: 'shop',
    reason: 'sweep',
    outcome,
    outcomeReason: 'step-failed',
    detail: '',
    targets: [],
  });

  it.each([
    [0, 1],
    [1, 2],
    [2, 4],
    [3, 8],
    [4, 16],
    [5, 32],
    [9, 32],
  ])('after %i failures waits %i hours more', (failedAttempts, hours) => {
    const closed = closedRow({ ...row, failedAttempts }, { result: result('failed'), plan: plan(), now: NOW });
    expect(closed.failedAttempts).toBe(failedAttempts + 1);
    expect(Date.parse(closed.nextAttemptAt ?? '') - NOW.getTime()).toBe(hours * 3_600_000);
  });

  it('remembers a version that is not served everywhere, until it is', () => {
    const version = {
      version: 'b'.repeat(32),
      sha256: 'c',
      thumbprint: 'D',
      serial: '1',
      notBefore: NOW.toISOString(),
      notAfter: NOW.toISOString(),
    };
    const partly = closedRow(row, { result: { ...result('partly-deployed'), new: version }, plan: plan(), now: NOW });
    expect(partly.undeployed).toBe(version.version);
    expect(closedRow(partly, { result: result('failed'), plan: plan(), now: NOW }).undeployed).toBe(version.version);
    const served = closedRow(partly, { result: { ...result('renewed'), new: version }, plan: plan(), now: NOW });
    expect(served.undeployed).toBeUndefined();
  });

  it('forgets failures once the certificate is renewed', () => {
    const closed = closedRow(
      { ...row, failedAttempts: 4, nextAttemptAt: NOW.toISOString() },
      { result: result('renewed'), plan: plan(), now: NOW },
    );
    expect(closed).toMatchObject({ state: 'idle', failedAttempts: 0, lastOutcome: 'renewed' });
    expect(closed.nextAttemptAt).toBeUndefined();
  });
});
