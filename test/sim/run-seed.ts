import { type End, Ends } from './ends.ts';
import type { FaultChoice, Injection } from './faults/faults.ts';
import { isWell } from './invariants/liveness.ts';
import { InvariantWatch, type Violation } from './invariants/watch.ts';
import { letGo, quiet } from './virtual/globals.ts';
import { watchTokens } from './world/app.ts';
import { startDeeds } from './world/deeds.ts';
import type { Tamper } from './world/ground.ts';
import { startEvents, startSweeps } from './world/triggers.ts';
import { World } from './world/world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** `safety`: faults never stop. `liveness`: they stop, and everything that is due has to be renewed soon. */
export type Mode = 'safety' | 'liveness';

export interface SeedOptions {
  readonly seed: number;
  readonly choice?: FaultChoice;
  readonly mode?: Mode;
  readonly onTrace?: (line: string) => void;
  /** Breaks the app on purpose: a test of the simulation itself. */
  readonly tamper?: Tamper;
}

/** How often something came about in one simulation. */
export interface SeedReport {
  readonly seed: number;
  readonly mode: Mode;
  readonly violation?: Violation;
  readonly injections: readonly Injection[];
  readonly ends: readonly End[];
  readonly steps: number;
  readonly checks: number;
  readonly simulatedDays: number;
}

/** Lives one seed from its beginning to its end, or to the first violation. */
export async function runSeed({
  seed,
  choice = {},
  mode = seed % 2 === 0 ? 'liveness' : 'safety',
  onTrace,
  tamper,
}: SeedOptions): Promise<SeedReport> {
  const world = await World.create({ seed, choice, ...(onTrace && { onTrace }), ...(tamper && { tamper }) });
  const unwatch = watchTokens();
  const watch = new InvariantWatch(world, mode);
  const ends = new Ends(world);
  const deeds = startDeeds(world);
  await startEvents(world);
  startSweeps(world);
  const life = new Living(world, watch);
  await life.until(world.dice.scale('faulty days', 0.6, 3) * DAY);
  if (mode === 'liveness' && watch.violation === undefined) {
    world.faults.isOver = true;
    world.trace(() => 'faults are over');
    await deeds.mendAll();
    world.see('healed');
    const healedAt = world.clock.milliseconds;
    const age = world.ground.age;
    for (let hours = 3; hours <= 48 && watch.violation === undefined; hours += 3) {
      await life.until(age + hours * HOUR);
      if (await isWell(world, healedAt)) break;
    }
  }
  if (watch.violation === undefined) await watch.end();
  unwatch();
  letGo();
  return {
    ...{ seed, mode, injections: world.faults.injections, ends: ends.list },
    ...(watch.violation && { violation: watch.violation }),
    ...{ steps: life.steps, checks: watch.checks, simulatedDays: world.ground.age / DAY },
  };
}

/** More steps than any simulation needs: one that goes in circles is told instead of waited for. */
const MOST_STEPS = 400_000;

class Living {
  readonly #world: World;
  readonly #watch: InvariantWatch;
  steps = 0;

  constructor(world: World, watch: InvariantWatch) {
    this.#world = world;
    this.#watch = watch;
  }

  /** Until the world is so old (milliseconds), one step after the other. */
  async until(age: number): Promise<void> {
    const { clock, ground } = this.#world;
    const end = clock.milliseconds + age - ground.age;
    while ((clock.next ?? Number.POSITIVE_INFINITY) <= end && this.#watch.violation === undefined) {
      clock.step();
      await quiet();
      this.steps += 1;
      this.#world.see('step');
      if (this.steps > MOST_STEPS) this.#watch.violate('bound', `more than ${MOST_STEPS} steps`);
    }
  }
}
