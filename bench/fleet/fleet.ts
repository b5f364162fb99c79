import { armLimits } from '../../local/arm/throttle.ts';
import { fleetWaves } from '../../local/stand/fleet/waves.ts';
import { figureOf, type Report } from '../figure.ts';
import { naiveRollout, productRollout, type Rollout } from './rollout.ts';
import type { Fleet } from './stage.ts';

const MACHINES = 500;
const MANY = 5000;
/** Between waves: long enough for somebody's alarm to ring. */
const SOAK_SECONDS = 60;
/** How long a script takes, from the write to its report: 20 seconds are the least that Azure needs. */
const alike = () => 20;
/** 20 to 40 seconds, the same in each run, in no order. */
const uneven = (place: number) => 20 + ((place * 13) % 21);

/**
 * One client certificate on 500 machines in five waves, on a virtual clock with the documented buckets of ARM and Compute:
 * the product's orchestrators and adapter, beside a fan-out of everything at once. Nothing hangs on the speed of this
 * machine but the seconds that it took.
 */
export async function benchFleet(): Promise<Report> {
  const paused = { machines: MACHINES, soakSeconds: SOAK_SECONDS, scriptSeconds: alike };
  const product = await productRollout(paused);
  const hurried = await productRollout({ ...paused, soakSeconds: 0 });
  const mixed = await productRollout({ ...paused, soakSeconds: 0, scriptSeconds: uneven });
  const many = await productRollout({ ...paused, machines: MANY });
  const naive = await naiveRollout({ ...paused, soakSeconds: 0 });
  const all = [product, hurried, mixed, many];
  const each = (of: (rollout: Rollout) => number) => [Math.max(...all.map(of))];
  const growth = many.makespanSeconds / ((MANY / MACHINES) * product.makespanSeconds);
  return {
    bench: `fleet: ${MACHINES} machines in ${fleetWaves(MACHINES).length} waves with ${SOAK_SECONDS} s between them, virtual time`,
    figures: [
      figureOf('ARM writes a machine', '', each(writesOf), { atMost: 1.02 }),
      figureOf('ARM reads a machine', '', each(readsOf), { atMost: 2 }),
      figureOf('makespan against buckets, scripts and soak', '', [ratioOf(product)], { atMost: 1.15 }),
      figureOf('the same without soak', '', [ratioOf(hurried)], { atMost: 1.15 }),
      figureOf('the same without soak, scripts of 20 to 40 s', '', [ratioOf(mixed)], { atMost: 1.15 }),
      figureOf(`the same of ${MANY} machines, with soak`, '', [ratioOf(many)], { atMost: 1.15 }),
      figureOf(`makespan of ${MANY} against ${MANY / MACHINES} times that of ${MACHINES}`, '', [growth], { atMost: 1 }),
      figureOf(
        'longest history of all',
        'events',
        each(({ events }) => events),
        { atMost: 2500 },
      ),
      figureOf(
        'largest history of all',
        'kB',
        each(({ bytes }) => bytes / 1000),
        { atMost: 1000 },
      ),
    ],
    details: [
      {
        title: 'in waves, and all at once',
        columns: ['', 'machines', 'writes', 'reads', '429s', 'makespan s', 'least in waves s', 'took s'],
        rows: [
          rowOf('in waves, 60 s between them', product),
          rowOf('in waves, none between them', hurried),
          rowOf('the same, scripts of 20 to 40 s', mixed),
          rowOf('in waves, 60 s between them', many),
          rowOf('all at once', naive),
        ],
      },
    ],
  };
}

function rowOf(name: string, { fleet, arm, makespanSeconds, realSeconds }: Rollout) {
  const { machines } = fleet;
  return [name, machines, arm.writes, arm.reads, arm.throttled, makespanSeconds, leastSeconds(fleet), realSeconds];
}

function writesOf({ arm, fleet }: Rollout): number {
  return arm.writes / fleet.machines;
}

function readsOf({ arm, fleet }: Rollout): number {
  return arm.reads / fleet.machines;
}

function ratioOf({ fleet, makespanSeconds }: Rollout): number {
  return makespanSeconds / leastSeconds(fleet);
}

/** The least that waves can take: ARM's bucket of writes, in each wave the longest scripts first, and the soak. */
function leastSeconds({ machines, soakSeconds, scriptSeconds }: Fleet): number {
  const { burst, perSecond } = armLimits.writes;
  const waves = fleetWaves(machines);
  let tokens = burst;
  let [seconds, place] = [0, 0];
  for (const [index, count] of waves.entries()) {
    const scripts = Array.from({ length: count }, (_, at) => scriptSeconds(place + at)).sort(
      (one, other) => other - one,
    );
    const writtenAt = (at: number): number => Math.max(0, (at + 1 - tokens) / perSecond);
    const wave = Math.max(...scripts.map((script, at) => writtenAt(at) + script));
    const pause = index < waves.length - 1 ? soakSeconds : 0;
    const refilled = (wave - writtenAt(count - 1) + pause) * perSecond;
    tokens = Math.min(burst, Math.max(0, tokens - count) + refilled);
    seconds += wave + pause;
    place += count;
  }
  return seconds;
}
