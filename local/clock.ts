import type { Clock } from '../src/clock.ts';

/** A clock that can also wake somebody: durable timers, retries and re-syncs of the stand hang on it. */
export interface StandClock extends Clock {
  /** Calls `wake` once, at or soon after `due`. Answers with a function that takes the order back. */
  at(due: Date, wake: () => void): () => void;
}

/** Node's timers fire at once beyond 2^31 - 1 ms, so that longer waits go in pieces. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export const systemClock: StandClock = {
  now: () => new Date(),
  at(due, wake) {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const rest = due.getTime() - Date.now();
      timer = rest > LONGEST_TIMEOUT ? setTimeout(arm, LONGEST_TIMEOUT) : setTimeout(wake, Math.max(0, rest));
    };
    arm();
    return () => clearTimeout(timer);
  },
};

/** A clock that a test moves by hand. */
export class ManualClock implements StandClock {
  #now: number;
  #orders = new Set<{ due: number; wake: () => void }>();

  constructor(start: Date) {
    this.#now = start.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  at(due: Date, wake: () => void): () => void {
    const order = { due: due.getTime(), wake };
    this.#orders.add(order);
    if (order.due <= this.#now) queueMicrotask(() => this.#wakeDue());
    return () => this.#orders.delete(order);
  }

  /** The earliest moment somebody waits for. */
  next(): Date | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#orders) next = Math.min(next, due);
    return next === Number.POSITIVE_INFINITY ? undefined : new Date(next);
  }

  /** Moves on by `milliseconds` and wakes everybody whose time has come, earliest first. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    this.#wakeDue();
  }

  #wakeDue(): void {
    const due: { readonly due: number; readonly wake: () => void }[] = [];
    // Thousands may wait, and few of them are woken at a time: nothing is copied.
    for (const order of this.#orders) if (order.due <= this.#now) due.push(order);
    for (const order of due.sort((a, b) => a.due - b.due)) {
      if (this.#orders.delete(order)) order.wake();
    }
  }
}
