import type { Mode } from '../run-seed.ts';
import type { World } from '../world/world.ts';
import { knownOf } from './known.ts';
import { invariants } from './table.ts';

export interface Violation {
  readonly invariant: string;
  readonly message: string;
  /** Milliseconds since the beginning. */
  readonly at: number;
}

/** Watches all active invariants over one world, and keeps the first violation. */
export class InvariantWatch {
  readonly #world: World;
  readonly #ends: (() => void | Promise<void>)[] = [];
  violation: Violation | undefined;
  checks = 0;

  constructor(world: World, mode: Mode) {
    this.#world = world;
    knownOf(world);
    for (const { id, watch } of invariants) {
      if (watch === undefined) continue;
      const check = (holds: boolean, message: () => string): void => {
        this.checks += 1;
        if (!holds) this.violate(id, message());
      };
      const { end, ...sightings } = watch({ world, check, mode });
      world.ground.watchers.push(sightings);
      if (end !== undefined) this.#ends.push(end);
    }
  }

  violate(invariant: string, message: string): void {
    if (this.violation !== undefined) return;
    this.violation = { invariant, message, at: this.#world.ground.age };
    this.#world.trace(() => `VIOLATION ${invariant}: ${message}`);
  }

  /** What can be judged only when all is over. */
  async end(): Promise<void> {
    for (const end of this.#ends) if (this.violation === undefined) await end();
  }
}
