import { Step } from './step.ts';

/** The extension gives `raised` to whoever waits for `awaited`; the library, which distinguishes case, does not. */
export interface Misspelling {
  readonly awaited: string;
  readonly raised: string;
}

interface Waiter {
  readonly name: string;
  readonly step: Step;
}

/**
 * External events of one execution: names ignore case, whoever asked last is served first, and what nobody waits for
 * is kept.
 */
export class EventWaiters {
  readonly misspellings: Misspelling[] = [];
  readonly #waiting = new Map<string, Waiter[]>();
  readonly #kept = new Map<string, string[]>();

  wait(name: string): Step {
    const key = name.toLowerCase();
    const waiter = { name, step: new Step() };
    const raised = this.#kept.get(key)?.shift();
    if (raised !== undefined) this.#serve(waiter, raised);
    else this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), waiter]);
    return waiter.step;
  }

  raise(name: string): void {
    const key = name.toLowerCase();
    const waiter = this.#waiting.get(key)?.pop();
    if (waiter !== undefined) this.#serve(waiter, name);
    else this.#kept.set(key, [...(this.#kept.get(key) ?? []), name]);
  }

  #serve(waiter: Waiter, raised: string): void {
    if (waiter.name !== raised) this.misspellings.push({ awaited: waiter.name, raised });
    waiter.step.settle('succeeded');
  }
}
