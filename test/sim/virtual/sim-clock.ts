import type { StandClock } from '../../../local/clock.ts';

interface Order {
  readonly due: number;
  /** Decides among orders of one moment. */
  readonly tie: number;
  readonly wake: () => void;
  /** A time limit that nobody has taken back: most of them end nothing any more, and are no step of their own. */
  readonly isLimit: boolean;
  isOpen: boolean;
}

/**
 * The clock of a simulation, which is its scheduler as well: whatever happens is an order for a moment, and `step` lets
 * exactly one of them happen. Of several for one moment the seed says which is first.
 */
export class SimClock implements StandClock {
  readonly #tie: () => number;
  readonly #heap: Order[] = [];
  #now: number;
  #isDisturbed = false;

  constructor(start: Date, tie: () => number) {
    this.#now = start.getTime();
    this.#tie = tie;
  }

  get milliseconds(): number {
    return this.#now;
  }

  now(): Date {
    return new Date(this.#now);
  }

  at(due: Date, wake: () => void): () => void {
    return this.after(due.getTime() - this.#now, wake);
  }

  after(milliseconds: number, wake: () => void, isLimit = false): () => void {
    const due = this.#now + Math.max(0, Math.round(milliseconds));
    const order: Order = { due, tie: this.#tie(), wake, isLimit, isOpen: true };
    this.#push(order);
    return () => {
      order.isOpen = false;
    };
  }

  /** When the next thing happens. */
  get next(): number | undefined {
    for (let head = this.#heap[0]; head !== undefined && !head.isOpen; head = this.#heap[0]) this.#pop();
    return this.#heap[0]?.due;
  }

  /** Lets the next thing happen, and nothing else. */
  step(): void {
    this.#isDisturbed = false;
    while (this.next !== undefined) {
      const order = this.#pop();
      if (order === undefined) return;
      this.#now = Math.max(this.#now, order.due);
      order.isOpen = false;
      order.wake();
      if (!order.isLimit || this.#isDisturbed) return;
    }
  }

  /** A time limit did end something: that has to be seen through before anything else happens. */
  disturb(): void {
    this.#isDisturbed = true;
  }

  #push(order: Order): void {
    const heap = this.#heap;
    heap.push(order);
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#isBefore(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #pop(): Order | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      const child = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, parent)) return first;
      this.#swap(child, parent);
      parent = child;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return false;
    return a.due < b.due || (a.due === b.due && a.tie < b.tie);
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
