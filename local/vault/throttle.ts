import type { KeyKind } from './keys.ts';

/** A request as Key Vault's published limits count it. */
export type Transaction =
  | { readonly kind: 'key-create' | 'key-use'; readonly key: KeyKind; readonly hsm: boolean }
  | { readonly kind: 'secret-create' }
  | { readonly kind: 'other' };

export const WINDOW_SECONDS = 10;

/** Transactions of the kind that fit into one window when nothing else does. */
export function limitOf(transaction: Transaction): number {
  switch (transaction.kind) {
    case 'key-create':
      return transaction.hsm ? 10 : 20;
    case 'key-use':
      return (softwareKeyUses[transaction.key] ?? 4000) / (transaction.hsm ? 2 : 1);
    case 'secret-create':
      return 300;
    case 'other':
      return 4000;
    default:
      return transaction satisfies never;
  }
}

/** Software keys; keys in an HSM have half of it. */
const softwareKeyUses: Partial<Record<KeyKind, number>> = { 'RSA-3072': 1000, 'RSA-4096': 500 };

/**
 * A window's capacity in units that make every weight a whole number: thresholds are weighted and enforced on their sum,
 * so that a transaction takes the share 1 / limit.
 */
const CAPACITY = 12_000;

/** Counts the transactions of one vault, or of all vaults of a subscription, window by window. */
export interface Meter {
  /** Whether one more fits into the window of `now`. */
  fits(transaction: Transaction, now: Date): boolean;
  count(transaction: Transaction, now: Date): void;
}

/** `vaults`: how many vaults' limits go in. The subscription's limit is that of five. */
export function createMeter(vaults = 1): Meter {
  const used = new Map<Transaction['kind'], number>();
  let window = -1;
  const usedOf = ({ kind }: Transaction, now: Date): number => {
    const current = Math.floor(now.getTime() / 1000 / WINDOW_SECONDS);
    if (current !== window) used.clear();
    window = current;
    return used.get(kind) ?? 0;
  };
  const unitsOf = (transaction: Transaction): number => CAPACITY / limitOf(transaction);
  return {
    fits: (transaction, now) => usedOf(transaction, now) + unitsOf(transaction) <= CAPACITY * vaults,
    count: (transaction, now) => used.set(transaction.kind, usedOf(transaction, now) + unitsOf(transaction)),
  };
}

export const SUBSCRIPTION_FACTOR = 5;

export interface Throttling {
  /** Whether a 429 says when to come back. By default it does. */
  readonly retryAfter?: 'sent' | 'left-out';
  /** Shared by all vaults of a subscription: `createMeter(SUBSCRIPTION_FACTOR)`. */
  readonly subscription?: Meter;
}

export type Admission =
  | { readonly state: 'admitted' }
  /** Absent seconds: the client is to find out by itself. */
  | { readonly state: 'refused'; readonly retryAfterSeconds?: number };

/** Admits transactions while they fit. A refused one does not count against the limit. */
export function createThrottle(options: Throttling): (transaction: Transaction, now: Date) => Admission {
  const meters = [createMeter(), ...(options.subscription === undefined ? [] : [options.subscription])];
  return (transaction, now) => {
    if (meters.every((meter) => meter.fits(transaction, now))) {
      for (const meter of meters) meter.count(transaction, now);
      return { state: 'admitted' };
    }
    if (options.retryAfter === 'left-out') return { state: 'refused' };
    const passed = (now.getTime() / 1000) % WINDOW_SECONDS;
    return { state: 'refused', retryAfterSeconds: Math.max(1, Math.ceil(WINDOW_SECONDS - passed)) };
  };
}
