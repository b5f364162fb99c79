import { z } from 'zod';
import { only } from '../estate/app-rows.ts';
import { pulseOf } from '../renewal/beat.ts';
import type { StartDependencies } from '../renewal/start.ts';
import { moment } from './words.ts';

/** What can be wrong with the app as a whole. */
export const healthProblems = {
  'heartbeat-stale':
    'No heartbeat came through for 30 minutes: orchestrations that are started do not run. Look at the host, and at the control queues of its task hub.',
  'heartbeat-none': 'No heartbeat has come through yet; one is started every 15 minutes.',
  'sweep-stale':
    'No sweep has ended for 26 hours: what no event tells of is not found. Look at the log of the function `sweep`.',
  'sweep-none': 'No sweep has ended yet; one runs every hour.',
  'another-app': 'Another app holds the lease on this estate, and this one does nothing.',
} as const;

export type HealthProblem = keyof typeof healthProblems;

const age = z.object({ completedAt: moment, ageSeconds: z.int().min(0) });

const strings = z.array(z.string());

/** `GET /api/sweep`: what the last sweep found; of each list the first 200. */
export const sweepView = z
  .object({
    startedAt: moment,
    completedAt: moment,
    looked: z.int(),
    waiting: z.int(),
    queued: z.int().meta({ description: 'Due, and waiting for their turn.' }),
    started: strings.meta({ description: 'Ids of renewals, as in `running`.' }),
    running: strings,
    refused: z.array(z.object({ certificate: z.string(), reason: z.string() })),
    unreachable: z.array(z.object({ certificate: z.string(), problem: z.string() })),
    unowned: strings.meta({ description: 'In a vault of the estate, and in no plan.' }),
    orphans: strings.meta({ description: 'Looked after once, and no longer in the estate file.' }),
    overdue: strings.meta({ description: 'Due for more than a day, and nothing runs for them.' }),
    expired: strings.meta({ description: 'Their current version has expired.' }),
  })
  .meta({ id: 'Sweep' });

/** The last sweep's report with its times; `undefined` before the first. */
export async function lastSweep({ rows }: StartDependencies): Promise<object | undefined> {
  const found = await rows.get('sweep', only);
  if (found === undefined) return undefined;
  const { startedAt, completedAt, report } = found.row;
  return { startedAt, completedAt, ...(JSON.parse(report) as object) };
}

/** `GET /api/health`. */
export const health = z
  .object({
    state: z.enum(['healthy', 'unhealthy']),
    problems: z.array(z.enum(Object.keys(healthProblems) as [HealthProblem, ...HealthProblem[]])),
    heartbeat: age.optional().meta({ description: 'The last heartbeat that came through; absent before the first.' }),
    sweep: age.optional().meta({ description: 'The last sweep that ended; absent before the first.' }),
  })
  .meta({ id: 'Health' });

export type Health = Readonly<z.infer<typeof health>>;

const STALE_SWEEP_SECONDS = 26 * 3600;

/** A first heartbeat and a first sweep are still to come in a new app: that is told, and is no illness. */
const harmless: readonly HealthProblem[] = ['heartbeat-none', 'sweep-none'];

export async function healthOf(app: StartDependencies): Promise<Health> {
  const pulse = await pulseOf(app);
  const sweep = await sweepAge(app);
  const problems: HealthProblem[] = [];
  if ((await app.lease.hold()).state === 'elsewhere') problems.push('another-app');
  if (pulse.state === 'stale') problems.push('heartbeat-stale');
  if (pulse.state === 'none') problems.push('heartbeat-none');
  if (sweep === undefined) problems.push('sweep-none');
  else if (sweep.ageSeconds > STALE_SWEEP_SECONDS) problems.push('sweep-stale');
  const isWell = problems.every((problem) => harmless.includes(problem));
  return {
    state: isWell ? 'healthy' : 'unhealthy',
    problems,
    ...(pulse.state !== 'none' && { heartbeat: { completedAt: pulse.completedAt, ageSeconds: pulse.ageSeconds } }),
    ...(sweep && { sweep }),
  };
}

async function sweepAge({ rows, clock }: StartDependencies) {
  const completedAt = (await rows.get('sweep', only))?.row.completedAt;
  if (completedAt === undefined) return undefined;
  return { completedAt, ageSeconds: Math.max(0, Math.round((clock.now().getTime() - Date.parse(completedAt)) / 1000)) };
}
