import type { Action } from './answer.ts';
import type { Step } from './step.ts';
import { Refusal } from './units.ts';

interface Straggler {
  readonly action: Action;
  readonly step: Step;
}

/**
 * Finds a task that was yielded twice. The library gives it one sequence number and lists it twice, the extension starts
 * it twice, and from there on results reach the wrong tasks. In the list of actions the same task can only be told by its
 * content, so that work which is asked for again, alike, in a later `Task.any` or `Task.all` while the first is still
 * under way, is refused.
 */
export class Stragglers {
  #earlier: Straggler[] = [];
  #present: Straggler[] = [];

  note(action: Action, step: Step): void {
    this.#present.push({ action, step });
  }

  /** The listed action has begun: what it began belongs to the past of the next one. */
  close(): void {
    this.#earlier.push(...this.#present);
    this.#present = [];
  }

  refuseRepeats(action: Action): void {
    if (action.kind !== 'any' && action.kind !== 'all') return;
    this.#earlier = this.#earlier.filter((straggler) => straggler.step.open);
    if (this.#earlier.length === 0) return;
    const open = new Set(this.#earlier.map((straggler) => signature(straggler.action)));
    for (const part of parts(action)) if (open.has(signature(part))) throw new Refusal(yieldedTwice(part));
  }
}

export function yieldedTwice(action: { readonly kind: string; readonly name?: string }): string {
  const name = action.name === undefined ? '' : ` '${action.name}'`;
  return (
    `The same ${action.kind}${name} was yielded in two different Task.any or Task.all calls while it was under way. ` +
    'On Azure it would be started twice and results would reach the wrong tasks ' +
    '(Azure/azure-functions-durable-js issue 574): make a new task each time, and cancel a timer that lost.'
  );
}

/** Work in a compound; events may be waited for again. */
function parts(action: Action): readonly Action[] {
  if (action.kind === 'any' || action.kind === 'all') return action.actions.flatMap(parts);
  return action.kind === 'event' ? [] : [action];
}

function signature(action: Action): string {
  return JSON.stringify(action);
}
