import { describe, expect, it } from 'vitest';
import type { KeyKind } from '../../../../local/vault/keys.ts';
import {
  createMeter,
  createThrottle,
  limitOf,
  SUBSCRIPTION_FACTOR,
  type Transaction,
} from '../../../../local/vault/throttle.ts';

const start = new Date('2026-03-01T12:00:00Z');
const secondsIn = (seconds: number): Date => new Date(start.getTime() + seconds * 1000);
const use = (key: KeyKind, hsm = false): Transaction => ({ kind: 'key-use', key, hsm });
const create = (key: KeyKind, hsm = false): Transaction => ({ kind: 'key-create', key, hsm });

describe('the published limits', () => {
  it.each([
    ['creates of RSA-2048 in software', create('RSA-2048'), 20],
    ['creates of RSA-4096 in software', create('RSA-4096'), 20],
    ['creates of P-256 in an HSM', create('P-256', true), 10],
    ['uses of RSA-2048 in software', use('RSA-2048'), 4000],
    ['uses of RSA-3072 in software', use('RSA-3072'), 1000],
    ['uses of RSA-4096 in software', use('RSA-4096'), 500],
    ['uses of P-384 in software', use('P-384'), 4000],
    ['uses of RSA-2048 in an HSM', use('RSA-2048', true), 2000],
    ['uses of RSA-3072 in an HSM', use('RSA-3072', true), 500],
    ['uses of RSA-4096 in an HSM', use('RSA-4096', true), 250],
    ['uses of P-521 in an HSM', use('P-521', true), 2000],
    ['creates of secrets', { kind: 'secret-create' }, 300],
    ['everything else', { kind: 'other' }, 4000],
  ] as const)('let through %s as often as they say', (_title, transaction, limit) => {
    expect(limitOf(transaction)).toBe(limit);
    const admit = createThrottle({});
    const admitted = Array.from({ length: limit + 5 }, () => admit(transaction, start).state);
    expect(admitted.filter((state) => state === 'admitted')).toHaveLength(limit);
    expect(admitted.at(-1)).toBe('refused');
  });

  it('are shares of one window: 248 uses of the most expensive key leave room for 16 of the cheaper', () => {
    const admit = createThrottle({});
    for (let count = 0; count < 248; count++) expect(admit(use('RSA-4096', true), start).state).toBe('admitted');
    for (let count = 0; count < 16; count++) expect(admit(use('RSA-2048', true), start).state).toBe('admitted');
    expect(admit(use('RSA-2048', true), start).state).toBe('refused');
  });

  it('count creates, uses, secrets and everything else apart', () => {
    const admit = createThrottle({});
    for (let count = 0; count < 20; count++) admit(create('P-256'), start);
    const states = [create('P-256'), use('P-256'), { kind: 'secret-create' }, { kind: 'other' }] as const;
    expect(states.map((one) => admit(one, start).state)).toEqual(['refused', 'admitted', 'admitted', 'admitted']);
  });
});

describe('a refused transaction', () => {
  const filled = (options: Parameters<typeof createThrottle>[0] = {}, at = start) => {
    const admit = createThrottle(options);
    for (let count = 0; count < 20; count++) admit(create('P-256'), at);
    return admit;
  };

  it.each([
    [0, 10],
    [3.2, 7],
    [9.9, 1],
  ])('after %s seconds of the window is told to come back in %s', (passed, retryAfterSeconds) => {
    const admit = filled({}, secondsIn(passed));
    expect(admit(create('P-256'), secondsIn(passed))).toEqual({ state: 'refused', retryAfterSeconds });
  });

  it('is told nothing where that is wished', () => {
    expect(filled({ retryAfter: 'left-out' })(create('P-256'), start)).toEqual({ state: 'refused' });
  });

  it('is let in when the window is over, and has not counted', () => {
    const admit = filled();
    for (let count = 0; count < 100; count++) admit(create('P-256'), start);
    const next = Array.from({ length: 21 }, () => admit(create('P-256'), secondsIn(10)).state);
    expect(next.filter((state) => state === 'admitted')).toHaveLength(20);
  });
});

describe('a subscription', () => {
  it('lets five vaults have their limits, and the sixth nothing', () => {
    const subscription = createMeter(SUBSCRIPTION_FACTOR);
    const admitted = Array.from({ length: 6 }, () => {
      const admit = createThrottle({ subscription });
      const states = Array.from({ length: 20 }, () => admit(create('RSA-2048'), start).state);
      return states.filter((state) => state === 'admitted').length;
    });
    expect(admitted).toEqual([20, 20, 20, 20, 20, 0]);
  });
});
