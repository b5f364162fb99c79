import { Step } from './step.ts';

/**
 * External events of one execution: names ignore case, whoever asked last is served first, and what nobody waits for
 * is kept.
 */
export class EventWaiters {
  readonly #waiting = new Map<string, { name: string; step: Step }[]>();
  readonly #kept = new Map<string, number>();

  wait(name: string): Step {
    const key = name.toLowerCase();
    const step = new Step();
    const kept = this.#kept.get(key) ?? 0;
    if (kept > 0) {
      this.#kept.set(key, kept - 1);
      step.settle('succeeded');
    } else {
      const waiting = this.#waiting.get(key) ?? [];
      waiting.push({ name, step });
      this.#waiting.set(key, waiting);
    }
    return step;
  }

  raise(name: string): void {
    const key = name.toLowerCase();
    const waiter = this.#waiting.get(key)?.pop();
    if (waiter === undefined) this.#kept.set(key, (this.#kept.get(key) ?? 0) + 1);
    else waiter.step.settle('succeeded');
  }

  awaited(): readonly string[] {
    return [...this.#waiting.values()].flatMap((waiting) => waiting.map((waiter) => waiter.name));
  }
}
