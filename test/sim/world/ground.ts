import type { VaultEvent } from '../../../local/events/types.ts';
import type { Dependencies } from '../../../src/renewal/dependencies.ts';
import { type FaultChoice, Faults } from '../faults/faults.ts';
import { Dice } from '../virtual/dice.ts';
import { takeOver } from '../virtual/globals.ts';
import { KeyRing } from '../virtual/keys.ts';
import { SimClock } from '../virtual/sim-clock.ts';
import type { Sight, Sightings } from './sightings.ts';

export const START = new Date('2026-06-01T00:00:00Z');

export interface WorldOptions {
  readonly seed: number;
  readonly choice: FaultChoice;
  /** Told one line after the other; absent: nobody reads them. */
  readonly onTrace?: (line: string) => void;
  readonly tamper?: Tamper;
}

/** Puts something broken in place of what the app is built of. */
export type Tamper = (app: Dependencies) => Dependencies;

/** What a world stands on: time, chance, faults, and the eyes of whoever watches. */
export class Ground {
  readonly dice: Dice;
  readonly clock: SimClock;
  readonly faults: Faults;
  /** Private keys that exist in the simulation: none of them may show up anywhere. */
  readonly keys: KeyRing;
  readonly watchers: Partial<Sightings>[] = [];
  readonly #onTrace: ((line: string) => void) | undefined;

  constructor({ seed, choice, onTrace }: WorldOptions) {
    this.dice = new Dice(seed);
    this.keys = new KeyRing(this.dice);
    this.clock = new SimClock(START, this.dice.stream('ties'));
    this.#onTrace = onTrace;
    this.faults = new Faults(this.dice, choice, {
      now: () => this.clock.milliseconds,
      onInjection: ({ id, certificate }) => this.trace(() => `fault ${id} ${certificate ?? ''}`),
    });
    const onPoison = (what: string): void => this.see('poison', what);
    takeOver({ clock: this.clock, dice: this.dice, isOrchestrating: false, onPoison });
  }

  /** Milliseconds since the beginning. */
  get age(): number {
    return this.clock.milliseconds - START.getTime();
  }

  trace(line: () => string): void {
    this.#onTrace?.(`${momentOf(this.age)} ${line()}`);
  }

  see<S extends Sight>(sight: S, ...what: Parameters<Sightings[S]>): void {
    for (const watcher of this.watchers) (watcher[sight] as ((...seen: unknown[]) => void) | undefined)?.(...what);
  }

  onVaultEvent(event: VaultEvent): void {
    this.trace(() => `event ${event.type.split('.').at(-1)} ${event.objectName} ${event.version.slice(0, 6)}`);
    this.see('vaultEvent', event);
  }
}

/** `day hour:minute:second.millisecond` */
export function momentOf(milliseconds: number): string {
  return `d${Math.floor(milliseconds / 86_400_000)} ${new Date(milliseconds % 86_400_000).toISOString().slice(11, 23)}`;
}
