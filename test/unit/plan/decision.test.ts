import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RenewalError } from '../../../src/errors.ts';
import { decide, startReasons } from '../../../src/plan/decision.ts';
import { aCertificate, aPending, aPlan, aRow, aSituation, aVersion } from './build.ts';

const newer = 'b'.repeat(32);
const { current: _, ...unfinished } = aCertificate();
const renewing = aRow({ state: 'renewing', renewalId: 'shop-tls-1' });
const backingOff = aRow({ failedAttempts: 2, nextAttemptAt: '2026-03-20T00:00:00.000Z' });
const early = aPlan({ renewAt: { percentOfLife: 10, floorDays: 0 } });
const foreign = aCertificate({ pending: aPending() });
const force = { reason: 'manual', force: true } as const;

describe('decide renews', () => {
  const cases = {
    'at the renewal point': aSituation({ day: 66 }),
    'when an event names the current version in upper case': aSituation({
      day: 80,
      request: { reason: 'near-expiry-event', version: 'A'.repeat(32) },
    }),
    'when the certificate has expired': aSituation({ day: 101, request: { reason: 'expired-event' } }),
    'when the certificate has no row yet': aSituation({ day: 70, row: undefined }),
    'when a person forces it on the first day': aSituation({ day: 0, request: force }),
    'when a person forces it during the back-off': aSituation({ day: 70, row: backingOff, request: force }),
    'when the back-off is over': aSituation({ day: 78, row: backingOff }),
    'when the pending request is ours': aSituation({ day: 70, facts: foreign, pendingIsOurs: true }),
    'when what is pending has ended': aSituation({
      day: 70,
      facts: aCertificate({ pending: aPending({ status: 'completed' }) }),
    }),
    'inside its own renewal, with its own claim and back-off in the row': aSituation({
      day: 70,
      row: { ...renewing, nextAttemptAt: '2026-04-01T00:00:00.000Z' },
      request: { renewalId: 'shop-tls-1' },
    }),
  };
  it.each(Object.entries(cases))('%s', (_title, situation) => {
    expect(decide(situation)).toEqual({
      action: 'renew',
      reason: situation.request.reason,
      dueAt: '2026-03-08T00:00:00.000Z',
      scope: 'whole',
    });
  });
});

describe('decide deploys again', () => {
  const undeployed = aRow({ undeployed: aVersion().version });

  it.each([
    ['a young version that was not seen served everywhere', aSituation({ day: 1, row: undeployed }), 'deploy'],
    [
      'it also when somebody else’s request is pending',
      aSituation({ day: 1, row: undeployed, facts: foreign }),
      'deploy',
    ],
    ['nothing that is due itself: it is renewed', aSituation({ day: 70, row: undeployed }), 'whole'],
    ['nothing that a person forces: it is renewed', aSituation({ day: 1, row: undeployed, request: force }), 'whole'],
  ])('%s', (_title, situation, scope) => {
    expect(decide(situation)).toMatchObject({ action: 'renew', scope });
  });

  it.each([
    [
      'during the back-off',
      aSituation({ day: 70, row: { ...backingOff, ...undeployed, nextAttemptAt: backingOff.nextAttemptAt ?? '' } }),
      'backing-off',
    ],
    ['when another version is current by now', aSituation({ day: 1, row: aRow({ undeployed: newer }) }), 'too-young'],
  ])('nothing %s', (_title, situation, reason) => {
    expect(decide(situation)).toMatchObject({ action: 'wait', reason });
  });
});

describe('decide by the wish of a CA', () => {
  const version = aVersion().version;
  /** The whole window lies on day 40; the plan's point is day 66. */
  const windowed = aRow({
    ...{ windowOf: version, windowStart: '2026-02-10T00:00:00.000Z', windowEnd: '2026-02-10T00:00:01.000Z' },
  });
  const past = { ...windowed, windowStart: '2025-12-30T00:00:00.000Z', windowEnd: '2025-12-31T00:00:00.000Z' };
  const late = { ...windowed, windowStart: '2026-04-01T00:00:00.000Z', windowEnd: '2026-04-02T00:00:00.000Z' };

  it.each([
    ['when its moment has come', aSituation({ day: 41, row: windowed }), 'window-opened'],
    [
      'although a person asks without force',
      aSituation({ day: 41, row: windowed, request: { reason: 'manual' } }),
      'window-opened',
    ],
    ['for another reason when the plan says so too', aSituation({ day: 66, row: windowed }), 'sweep'],
    ['for another reason when a person forces it', aSituation({ day: 41, row: windowed, request: force }), 'manual'],
    ['in the first quarter of the life, when the window is past', aSituation({ day: 1, row: past }), 'window-opened'],
    ['by the plan when the window comes later', aSituation({ day: 66, row: late }), 'sweep'],
    [
      'again inside itself',
      aSituation({ day: 41, row: undefined, request: { reason: 'window-opened', version } }),
      'window-opened',
    ],
  ] as const)('renews %s', (_title, situation, reason) => {
    expect(decide(situation)).toMatchObject({ action: 'renew', scope: 'whole', reason });
  });

  it.each([
    ['until its moment', aSituation({ day: 39, row: windowed }), 'not-due', /^2026-02-10T00:00:00\./],
    [
      'until the plan’s point, when the window comes later',
      aSituation({ day: 39, row: late }),
      'not-due',
      /^2026-03-08/,
    ],
    [
      'for the plan when the window is of another version',
      aSituation({ day: 41, row: { ...windowed, windowOf: newer } }),
      'not-due',
      /^2026-03-08/,
    ],
    [
      'for a quarter of a day after a version was made, whatever the CA wishes',
      aSituation({ day: 0, row: past }),
      'too-young',
      /^2026-01-01T06:00/,
    ],
  ] as const)('waits %s', (_title, situation, reason, dueAt) => {
    expect(decide(situation)).toMatchObject({ action: 'wait', reason, dueAt: expect.stringMatching(dueAt) });
  });

  it('is not heard any more when another version is current', () => {
    const request = { reason: 'window-opened', version: newer } as const;
    expect(decide(aSituation({ day: 41, row: undefined, request }))).toMatchObject({
      ...{ action: 'refuse', outcome: 'not-needed', reason: 'not-current' },
      detail: expect.stringContaining('The window is about version'),
    });
  });

  it('does not deploy again what is to be replaced', () => {
    const row = { ...windowed, undeployed: version };
    expect(decide(aSituation({ day: 41, row }))).toMatchObject({ action: 'renew', scope: 'whole' });
    expect(decide(aSituation({ day: 39, row }))).toMatchObject({ action: 'renew', scope: 'deploy', reason: 'sweep' });
  });
});

describe('decide adopts', () => {
  const found = aRow({ found: aVersion().version });

  it.each([
    ['a version that the vault made by itself', aSituation({ day: 1, row: found }), 'adopt'],
    [
      'it before what was not served everywhere',
      aSituation({ day: 1, row: { ...found, undeployed: aVersion().version } }),
      'adopt',
    ],
    ['nothing that is due itself: it is renewed', aSituation({ day: 70, row: found }), 'whole'],
    ['nothing that a person forces: it is renewed', aSituation({ day: 1, row: found, request: force }), 'whole'],
  ])('%s', (_title, situation, scope) => {
    expect(decide(situation)).toMatchObject({ action: 'renew', scope });
  });

  it.each([
    [
      'during the back-off',
      aSituation({ day: 70, row: { ...backingOff, ...found, nextAttemptAt: backingOff.nextAttemptAt ?? '' } }),
      'backing-off',
    ],
    ['when another version is current by now', aSituation({ day: 1, row: aRow({ found: newer }) }), 'too-young'],
  ])('nothing %s', (_title, situation, reason) => {
    expect(decide(situation)).toMatchObject({ action: 'wait', reason });
  });
});

describe('decide waits', () => {
  const due = '2026-03-08T00:00:00.000Z';
  const cases = [
    ['not-due', 'before the renewal point', aSituation({ day: 65 }), due],
    ['not-due', 'although a person asks without force', aSituation({ request: { reason: 'manual' } }), due],
    ['not-due', 'although somebody else’s request is pending', aSituation({ facts: foreign }), due],
    ['too-young', 'in the first quarter of the life', aSituation({ day: 24, plan: early }), '2026-01-26T00:00:00.000Z'],
    ['backing-off', 'until the next attempt', aSituation({ day: 70, row: backingOff }), backingOff.nextAttemptAt],
    [
      'backing-off',
      'even for an expired certificate',
      aSituation({
        day: 101,
        row: aRow({ nextAttemptAt: '2026-05-01T00:00:00.000Z' }),
        request: { reason: 'expired-event' },
      }),
      '2026-05-01T00:00:00.000Z',
    ],
    ['already-running', 'while a renewal runs', aSituation({ day: 70, row: renewing }), undefined],
    ['already-running', 'even with force', aSituation({ day: 70, row: renewing, request: force }), undefined],
    [
      'already-running',
      'inside a renewal that lost the claim',
      aSituation({ day: 70, row: renewing, request: { renewalId: 'shop-tls-0' } }),
      undefined,
    ],
    [
      'new-version-event',
      'when a new version appears, even unread yet',
      aSituation({ day: 99, request: { reason: 'new-version-event', version: newer } }),
      undefined,
    ],
  ] as const;
  it.each(cases)('%s %s', (reason, _title, situation, waitUntil) => {
    const decision = decide(situation);
    expect(decision).toMatchObject({ action: 'wait', reason, detail: expect.stringMatching(/\.$/) });
    expect('waitUntil' in decision ? decision.waitUntil : undefined).toBe(waitUntil);
  });
});

describe('decide refuses', () => {
  const cases = [
    ['not-needed', 'gone', aSituation({ facts: { state: 'absent', softDeleted: false } })],
    ['needs-person', 'soft-deleted', aSituation({ facts: { state: 'absent', softDeleted: true }, request: force })],
    ['refused', 'no-version', aSituation({ facts: { ...unfinished, pending: aPending() }, pendingIsOurs: true })],
    ['not-needed', 'disabled', aSituation({ day: 99, facts: aCertificate({ current: aVersion({ enabled: false }) }) })],
    ['not-needed', 'not-current', aSituation({ day: 99, request: { reason: 'expired-event', version: newer } })],
    ['refused', 'foreign-pending', aSituation({ day: 99, facts: foreign })],
    ['refused', 'foreign-pending', aSituation({ day: 99, facts: foreign, pendingIsOurs: false, request: force })],
  ] as const;
  it.each(cases)('as %s: %s', (outcome, reason, situation) => {
    expect(decide(situation)).toEqual({
      action: 'refuse',
      outcome,
      reason,
      detail: expect.stringMatching(/\.$/),
    });
  });

  it('throws rather than renews when a date cannot be read', () => {
    const facts = aCertificate({ current: aVersion({ notAfter: 'soon' }) });
    expect(() => decide(aSituation({ facts }))).toThrow(RenewalError);
  });
});

describe('decide as a rule', () => {
  const situations = fc.record({
    day: fc.double({ min: -10, max: 200, noNaN: true }),
    reason: fc.constantFrom(...startReasons),
    force: fc.boolean(),
    percentOfLife: fc.integer({ min: 1, max: 95 }),
    floorDays: fc.integer({ min: 0, max: 400 }),
  });

  it('never renews before a quarter of the life and always after the end, without force or the wish of a CA', () => {
    fc.assert(
      fc.property(situations, ({ day, reason, percentOfLife, floorDays }) => {
        const plan = aPlan({ renewAt: { percentOfLife, floorDays } });
        const { action } = decide(aSituation({ day, plan, request: { reason } }));
        if (reason === 'window-opened') expect(action).toBe('renew');
        else if (day < 25 || reason === 'new-version-event') expect(action).toBe('wait');
        else if (day >= 100) expect(action).toBe('renew');
      }),
    );
  });

  it('renews once the moment it named has come', () => {
    fc.assert(
      fc.property(situations, ({ day, percentOfLife, floorDays }) => {
        const plan = aPlan({ renewAt: { percentOfLife, floorDays } });
        const first = decide(aSituation({ day, plan }));
        if (first.action !== 'wait') return;
        const later = { ...aSituation({ plan }), now: new Date(first.waitUntil ?? first.dueAt) };
        expect(decide(later).action).toBe('renew');
      }),
    );
  });
});
