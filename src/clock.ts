/** The one place time comes from: every other module is handed a `Clock`. */
export interface Clock {
  /** The present moment. */
  now(): Date;
}

const REPLACEMENT = Symbol.for('perennial.clock');

/**
 * The process's clock. A test bench may preload another one under the global symbol `perennial.clock`, so that the same
 * unmodified bundle can live through forty days in a second; nothing that is shipped sets it.
 */
export const clock: Clock = {
  now: () => replacement()?.now() ?? new Date(),
};

/** Time as the clients of Azure see it, whatever clock is preloaded: tokens live in it. */
export const tokenClock: Clock = { now: () => new Date() };

function replacement(): Clock | undefined {
  return (globalThis as { [REPLACEMENT]?: Clock })[REPLACEMENT];
}
