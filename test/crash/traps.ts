/** A call that the app makes to the outside, as whoever is called sees it. */
export interface Call {
  /** `vault`, `ca`, `arm`, `blob`, `table`. */
  readonly of: string;
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly body: string;
}

/** `before`: the call has arrived and is not handled. `after`: it is handled, and its answer is not sent. `hold`: it is answered, and no later call is. */
export type When = 'before' | 'after' | 'hold';

interface Trap {
  readonly when: When;
  readonly isIt: (call: Call) => boolean;
  /** Kills, and resolves when the killed are gone. */
  readonly strike: () => Promise<void>;
}

/** What the call of a killed process gets: nothing, for nobody is there to hear it. */
export class NobodyListensError extends Error {
  override readonly name = 'NobodyListensError';
}

/** Sees every call of the app before it is done, and springs at one of them. */
export interface Traps {
  /** Resolves with the call when it was caught and the strike is over. */
  set(trap: Trap): Promise<Call>;
  /** Takes away a trap that nothing walked into. */
  clear(): void;
  /** Handles a call, unless a trap forbids it: then it throws `NobodyListensError`. */
  pass<T extends { readonly status: number }>(call: Call, handle: () => Promise<T>): Promise<T>;
  /** The calls that were handled, oldest first, whether or not their answers arrived. */
  readonly handled: HandledCall[];
}

/** A call and the status of its answer. */
export interface HandledCall extends Call {
  readonly status: number;
}

export function createTraps(): Traps {
  let armed: (Trap & { readonly caught: (call: Call) => void; readonly failed: (error: unknown) => void }) | undefined;
  let frozen: Promise<void> | undefined;
  const handled: HandledCall[] = [];

  const strike = async (trap: NonNullable<typeof armed>, call: Call): Promise<void> => {
    frozen = trap.strike();
    try {
      await frozen;
      trap.caught(call);
    } catch (error) {
      trap.failed(error);
    } finally {
      frozen = undefined;
    }
  };

  return {
    handled,
    set: (trap) =>
      new Promise((caught, failed) => {
        armed = { ...trap, caught, failed };
      }),
    clear() {
      armed = undefined;
    },
    async pass(call, handle) {
      if (frozen !== undefined) {
        await frozen.catch(() => undefined);
        throw new NobodyListensError(`${call.method} ${call.path} came while the caller was killed`);
      }
      const done = async () => {
        const answer = await handle();
        handled.push({ ...call, status: answer.status });
        return answer;
      };
      const trap = armed?.isIt(call) ? armed : undefined;
      if (trap === undefined) return done();
      armed = undefined;
      const answer = trap.when === 'before' ? undefined : await done();
      const struck = strike(trap, call);
      if (trap.when === 'hold' && answer !== undefined) return answer;
      await struck;
      throw new NobodyListensError(`${call.method} ${call.path} was struck ${trap.when} it was done`);
    },
  };
}
