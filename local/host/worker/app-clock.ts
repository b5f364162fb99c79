import type { Clock } from '../../../src/clock.ts';

const REPLACEMENT = Symbol.for('perennial.clock');
const scope = globalThis as { [REPLACEMENT]?: Clock };

/** Lets the app in this process follow another clock; answers with a function that takes it back. */
export function replaceAppClock(clock: Clock): () => void {
  const previous = scope[REPLACEMENT];
  scope[REPLACEMENT] = clock;
  return () => {
    if (previous === undefined) delete scope[REPLACEMENT];
    else scope[REPLACEMENT] = previous;
  };
}
