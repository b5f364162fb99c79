import type { Mode } from '../run-seed.ts';
import type { Sightings } from '../world/sightings.ts';
import type { World } from '../world/world.ts';

/** Says whether something holds. What does not ends the simulation. */
export type Check = (holds: boolean, message: () => string) => void;

export interface Watched {
  readonly world: World;
  readonly check: Check;
  readonly mode: Mode;
}

/** A rule that holds at every moment of every simulation. */
export interface Invariant {
  /** As in the catalogue of invariants. */
  readonly id: string;
  readonly says: string;
  /** Absent: nothing that could break it exists yet; `missing` tells what. */
  readonly watch?: (watched: Watched) => Partial<Sightings>;
  readonly missing?: string;
}
