import { armLimits } from '../../local/arm/throttle.ts';
import { fleetWaves } from '../../local/stand/fleet/waves.ts';
import { figureOf, type Report } from '../figure.ts';
import { naiveRollout, productRollout, type Rollout } from './rollout.ts';

const MACHINES = 500;
const MANY = 5000;
/** Between waves: long enough for somebody's alarm to ring. */
const SOAK_SECONDS = 60;
/** How long the emulated script takes, from the write to its report. */
const SCRIPT_SECONDS = 20;

/**
 * One client certificate on 500 machines in five waves, on a virtual clock with the documented buckets of ARM and Compute:
 * the product's orchestrators and adapter, beside a fan-out of everything at once. Nothing hangs on the speed of this
 * machine but the seconds that it took.
 */
export async function benchFleet(): Promise<Report> {
  const product = await productRollout(MACHINES, SOAK_SECONDS);
  const hurried = await productRollout(MACHINES, 0);
  const many = await productRollout(MANY, SOAK_SECONDS);
  const naive = await naiveRollout(MACHINES);
  const ratio = ({ machines, makespanSeconds }: Rollout, soak: number): number[] => [
    makespanSeconds / optimumSeconds(fleetWaves(machines), soak),
  ];
  const growth = many.makespanSeconds / ((MANY / MACHINES) * product.makespanSeconds);
  return {
    bench: `fleet: ${MACHINES} machines in ${fleetWaves(MACHINES).length} waves with ${SOAK_SECONDS} s between them, virtual time`,
    figures: [
      figureOf('ARM writes a machine', '', [product.arm.writes / MACHINES], { atMost: 1.02 }),
      figureOf('ARM reads a machine', '', [product.arm.reads / MACHINES], { atMost: 2 }),
      figureOf('makespan against buckets, scripts and soak', '', ratio(product, SOAK_SECONDS), { atMost: 1.15 }),
      figureOf('the same without soak', '', ratio(hurried, 0)),
      figureOf(`the same of ${MANY} machines`, '', ratio(many, SOAK_SECONDS)),
      figureOf(`makespan of ${MANY} against ${MANY / MACHINES} times that of ${MACHINES}`, '', [growth], { atMost: 1 }),
      figureOf(`ARM writes a machine of ${MANY}`, '', [many.arm.writes / MANY], { atMost: 1.02 }),
      figureOf('longest history, also of 5,000', 'events', [Math.max(product.events, many.events)], { atMost: 2500 }),
      figureOf('largest history, also of 5,000', 'kB', [Math.max(product.bytes, many.bytes) / 1000], { atMost: 1000 }),
    ],
    details: [
      {
        title: 'in waves, and all at once',
        columns: ['', 'machines', 'writes', 'reads', '429s', 'makespan s', 'took s'],
        rows: [
          rowOf('in waves, 60 s between them', product),
          rowOf('in waves, none between them', hurried),
          rowOf('in waves, 60 s between them', many),
          rowOf('all at once', naive),
        ],
      },
    ],
  };
}

function rowOf(name: string, { machines, arm, makespanSeconds, realSeconds }: Rollout) {
  return [name, machines, arm.writes, arm.reads, arm.throttled, makespanSeconds, realSeconds];
}

/** The least that waves can take: ARM's bucket of writes, the script of the last machine of each wave, and the soak. */
function optimumSeconds(waves: readonly number[], soakSeconds: number): number {
  const { burst, perSecond } = armLimits.writes;
  let tokens = burst;
  let seconds = 0;
  for (const [index, count] of waves.entries()) {
    const writing = Math.max(0, (count - tokens) / perSecond);
    const rest = SCRIPT_SECONDS + (index < waves.length - 1 ? soakSeconds : 0);
    tokens = Math.min(burst, Math.max(0, tokens - count) + rest * perSecond);
    seconds += writing + rest;
  }
  return seconds;
}
