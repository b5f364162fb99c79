import type { StandClock } from '../../clock.ts';

export interface DueEntry {
  readonly due: number;
  readonly wake: () => void;
}

/**
 * Durable timers, earliest first, with a single order at the clock. A binary heap: thousands of timers cost no more than
 * a few comparisons each.
 */
export class DueQueue {
  readonly #clock: StandClock;
  readonly #heap: DueEntry[] = [];
  readonly #dropped = new Set<DueEntry>();
  #armedFor: DueEntry | undefined;
  #disarm: () => void = () => undefined;

  constructor(clock: StandClock) {
    this.#clock = clock;
  }

  /** Answers with the entry, by which it can be dropped. It is never woken within this call. */
  add(due: number, wake: () => void): DueEntry {
    const entry = { due, wake };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    this.#arm();
    return entry;
  }

  drop(entry: DueEntry): void {
    this.#dropped.add(entry);
    this.#arm();
  }

  stop(): void {
    this.#disarm();
    this.#heap.length = 0;
    this.#dropped.clear();
  }

  #arm(): void {
    const head = this.#live();
    if (head === this.#armedFor) return;
    this.#disarm();
    this.#armedFor = head;
    this.#disarm = head === undefined ? () => undefined : this.#clock.at(new Date(head.due), () => this.#wakeDue());
  }

  #wakeDue(): void {
    this.#armedFor = undefined;
    const now = this.#clock.now().getTime();
    for (let head = this.#live(); head !== undefined && head.due <= now; head = this.#live()) {
      this.#pop();
      head.wake();
    }
    this.#arm();
  }

  /** The earliest entry that was not dropped. */
  #live(): DueEntry | undefined {
    for (let head = this.#heap[0]; head !== undefined; head = this.#heap[0]) {
      if (!this.#dropped.delete(head)) return head;
      this.#pop();
    }
    // Entries that were dropped after they had been woken are nowhere in the heap.
    this.#dropped.clear();
    return undefined;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(index: number): void {
    for (let child = index; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (this.#due(parent) <= this.#due(child)) return;
      this.#swap(parent, child);
      child = parent;
    }
  }

  #sink(): void {
    for (let parent = 0; ; ) {
      const left = 2 * parent + 1;
      const child = this.#due(left + 1) < this.#due(left) ? left + 1 : left;
      if (this.#due(parent) <= this.#due(child)) return;
      this.#swap(parent, child);
      parent = child;
    }
  }

  #due(index: number): number {
    return this.#heap[index]?.due ?? Number.POSITIVE_INFINITY;
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
