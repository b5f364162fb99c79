import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { only } from '../estate/app-rows.ts';
import { lastLook } from '../monitor/event-paths.ts';
import { type EventPathState, eventPathStates } from '../monitor/judge.ts';
import type { AuditLog } from '../monitor/port.ts';
import { pulseOf } from '../renewal/beat.ts';
import { heldBackIssuers } from '../renewal/held-back.ts';
import { sweepAge } from '../renewal/measure.ts';
import type { StartDependencies } from '../renewal/start.ts';
import { type CredentialState, credentialStates } from '../renewal/watch-credentials.ts';
import { moment } from './words.ts';

/** What can be wrong with the app as a whole. */
export const healthProblems = {
  'heartbeat-stale':
    'No heartbeat came through for 30 minutes: orchestrations that are started do not run. Look at the host, and at the control queues of its task hub.',
  'heartbeat-none': 'No heartbeat has come through yet; one is started every 15 minutes.',
  'sweep-stale':
    'No sweep has ended for 26 hours: what no event tells of is not found. Look at the log of the function `sweep`.',
  'sweep-none': 'No sweep has ended yet; one runs every hour.',
  'event-path-dead':
    'Events of a vault do not arrive: what Key Vault announced by its audit log never came. The sweep renews all the same, an hour later. See the runbook of the alert event-path in operations.md.',
  'event-paths-unknown':
    'Whether events arrive could not be told: the last look at the audit log failed, is older than 26 hours, or found no line of a vault.',
  'event-paths-none': 'The audit log has not been looked at yet; it is every 6 hours.',
  'issuer-held-back':
    'An issuer does not answer, or has asked for patience: it is left alone for a while, and renewals that need it wait. `issuers` names it.',
  'credential-expiring':
    'A credential of an issuer or of a webhook target expires within 35 days, has expired, is disabled or cannot be read; `credentials` names it. See the runbook of the alert credential-expiring in operations.md.',
  'another-app': 'Another app holds the lease on this estate, and this one does nothing.',
} as const;

export type HealthProblem = keyof typeof healthProblems;

const age = z.object({ completedAt: moment, ageSeconds: z.int().min(0) });

const strings = z.array(z.string());

const credentialView = z
  .object({
    credential: z.string().meta({ description: 'Id of the secret, key or certificate in Key Vault.' }),
    issuers: z.string().optional().meta({ description: 'Which issuers are asked with it.' }),
    targets: z.string().optional().meta({ description: 'Which targets are told with it, at most ten of them.' }),
    state: z.enum(Object.keys(credentialStates) as [CredentialState, ...CredentialState[]]).meta({
      description: Object.entries(credentialStates)
        .map(([state, meaning]) => `${state}: ${meaning}.`)
        .join(' '),
    }),
    expiresAt: moment.optional(),
    problem: z.string().optional(),
  })
  .meta({
    id: 'Credential',
    description: 'A credential of an issuer or of a webhook target that will be refused soon, or already is.',
  });

const heldBack = z
  .object({
    issuer: z.string(),
    code: z.enum(['issuer-unreachable', 'issuer-throttled']),
    since: moment,
    until: moment.meta({ description: 'When it is tried again.' }),
  })
  .meta({ id: 'HeldBackIssuer', description: 'An issuer that is not asked for now.' });

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
    openOrders: strings.meta({
      description:
        'Ids of ended renewals whose order the issuer has still to cancel: it is asked again each hour, for two days.',
    }),
    unanswered: z
      .array(z.object({ issuer: z.string(), problem: z.string() }))
      .default([])
      .meta({ description: 'Issuers that did not tell their renewal windows: those told before still hold.' }),
    credentials: z.array(credentialView).default([]),
  })
  .meta({ id: 'Sweep' });

/** The last sweep's report with its times; `undefined` before the first. */
export async function lastSweep({ rows }: StartDependencies): Promise<object | undefined> {
  const found = await rows.get('sweep', only);
  if (found === undefined) return undefined;
  const { startedAt, completedAt, report } = found.row;
  return { startedAt, completedAt, ...(JSON.parse(report) as object) };
}

const states = Object.keys(eventPathStates) as [EventPathState, ...EventPathState[]];

const eventPaths = z
  .object({
    state: z.enum(['off', 'none', 'looked', 'failed']).meta({
      description:
        'off: no Log Analytics workspace is set, and nobody looks; none: not looked yet; failed: the last look came to nothing, and `paths` are those of the one before.',
    }),
    completedAt: moment.optional(),
    ageSeconds: z.int().min(0).optional(),
    code: z.string().optional().meta({ description: 'Why it failed: an error code.' }),
    problem: z.string().optional(),
    paths: z.array(
      z.object({
        vault: z.string(),
        state: z.enum(states).meta({
          description: Object.entries(eventPathStates)
            .map(([state, meaning]) => `${state}: ${meaning}`)
            .join(' '),
        }),
        watchedSince: moment,
        announcedAt: moment.optional().meta({ description: 'When Key Vault announced what the state rests on.' }),
        certificate: z.string().optional(),
        lastAt: moment.optional().meta({ description: 'The last event of the vault that arrived.' }),
      }),
    ),
  })
  .meta({
    id: 'EventPaths',
    description: 'Whether the events of the vaults arrive, by their audit logs. Never a reason for 503.',
  });

/** `GET /api/health`. */
export const health = z
  .object({
    state: z.enum(['healthy', 'unhealthy']),
    problems: z.array(z.enum(Object.keys(healthProblems) as [HealthProblem, ...HealthProblem[]])),
    heartbeat: age.optional().meta({ description: 'The last heartbeat that came through; absent before the first.' }),
    sweep: age.optional().meta({ description: 'The last sweep that ended; absent before the first.' }),
    issuers: z.array(heldBack).meta({ description: 'Those that are not asked for now; none: all are asked.' }),
    credentials: z.array(credentialView).meta({ description: 'As the last sweep saw them.' }),
    eventPaths,
  })
  .meta({ id: 'Health' });

export type Health = Readonly<z.infer<typeof health>>;

/** Of sweeps and of looks at the event paths. */
const STALE_SECONDS = 26 * 3600;

/**
 * A first heartbeat and a first sweep are still to come in a new app: that is told, and is no illness. Nor are dead event
 * paths: the sweep does the work without them.
 */
const harmless: readonly HealthProblem[] = [
  ...(['heartbeat-none', 'sweep-none'] as const),
  ...(['event-path-dead', 'event-paths-unknown', 'event-paths-none'] as const),
  // Certificates of other issuers are renewed all the same.
  ...(['issuer-held-back', 'credential-expiring'] as const),
];

/** What telling of health needs. */
export type HealthDependencies = StartDependencies & { readonly auditLog?: AuditLog };

export async function healthOf(app: HealthDependencies): Promise<Health> {
  const pulse = await pulseOf(app);
  const sweep = await sweepAge(app);
  const paths = await eventPathsOf(app);
  const problems: HealthProblem[] = [];
  if ((await app.lease.hold()).state === 'elsewhere') problems.push('another-app');
  if (pulse.state === 'stale') problems.push('heartbeat-stale');
  if (pulse.state === 'none') problems.push('heartbeat-none');
  if (sweep === undefined) problems.push('sweep-none');
  else if (sweep.ageSeconds > STALE_SECONDS) problems.push('sweep-stale');
  problems.push(...pathProblems(paths));
  const issuers = await heldBackIssuers(app);
  if (issuers.length > 0) problems.push('issuer-held-back');
  const credentials = await credentialsOf(app);
  if (credentials.length > 0) problems.push('credential-expiring');
  const isWell = problems.every((problem) => harmless.includes(problem));
  return {
    state: isWell ? 'healthy' : 'unhealthy',
    problems,
    ...(pulse.state !== 'none' && { heartbeat: { completedAt: pulse.completedAt, ageSeconds: pulse.ageSeconds } }),
    ...(sweep && { sweep }),
    issuers: [...issuers],
    credentials: [...credentials],
    eventPaths: paths,
  };
}

/** A sweep of an earlier version of the app has looked at none. */
async function credentialsOf({ rows }: StartDependencies): Promise<Health['credentials']> {
  const report = (await rows.get('sweep', only))?.row.report;
  const { credentials } = JSON.parse(report ?? '{}') as { readonly credentials?: Health['credentials'] };
  return credentials ?? [];
}

async function eventPathsOf({ auditLog, rows, clock }: HealthDependencies): Promise<Health['eventPaths']> {
  if (auditLog === undefined) return { state: 'off', paths: [] };
  const last = await lastLook(rows);
  if (last === undefined) return { state: 'none', paths: [] };
  return { ...last, paths: [...last.paths], ageSeconds: ageOf(last.completedAt, clock) };
}

function pathProblems({ state, ageSeconds = 0, paths }: Health['eventPaths']): readonly HealthProblem[] {
  const isUnknown = state === 'failed' || ageSeconds > STALE_SECONDS || paths.some((path) => path.state === 'unlogged');
  return [
    ...(paths.some((path) => path.state === 'dead') ? (['event-path-dead'] as const) : []),
    ...(isUnknown ? (['event-paths-unknown'] as const) : []),
    ...(state === 'none' ? (['event-paths-none'] as const) : []),
  ];
}

function ageOf(completedAt: string, clock: Clock): number {
  return Math.max(0, Math.round((clock.now().getTime() - Date.parse(completedAt)) / 1000));
}
