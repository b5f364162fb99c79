/** One awaited thing of a replay: it ends once, and whoever waits for it goes on within the same call. */
export class Step {
  #end: 'open' | 'succeeded' | 'failed' = 'open';
  #waiting: ((step: Step) => void)[] = [];

  get open(): boolean {
    return this.#end === 'open';
  }

  get failed(): boolean {
    return this.#end === 'failed';
  }

  settle(end: 'succeeded' | 'failed'): void {
    if (!this.open) return;
    this.#end = end;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) goOn(this);
  }

  whenDone(goOn: (step: Step) => void): void {
    if (this.open) this.#waiting.push(goOn);
    else goOn(this);
  }
}

/** Ends with the first of `steps`. */
export function whenAny(steps: readonly Step[]): Step {
  const whole = new Step();
  for (const step of steps) step.whenDone(() => whole.settle('succeeded'));
  return whole;
}

/** Ends with the last of `steps`, even if one of them failed: so does .NET, while the library's `Task.all` goes on. */
export function whenAll(steps: readonly Step[]): Step {
  const whole = new Step();
  let rest = steps.length;
  const count = (): void => {
    rest -= 1;
    if (rest === 0) whole.settle(steps.some((step) => step.failed) ? 'failed' : 'succeeded');
  };
  for (const step of steps) step.whenDone(count);
  return whole;
}
