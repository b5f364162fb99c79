import { RenewalError } from '../errors.ts';
import { only } from '../estate/app-rows.ts';
import type { Dependencies } from './dependencies.ts';
import type { HeartbeatInput } from './heartbeat.ts';
import type { Orchestrations } from './orchestrations.ts';

/** A heartbeat that is older than this says that nothing that is started runs. */
export const STALE_SECONDS = 30 * 60;

type Rows = Pick<Dependencies, 'rows' | 'clock'>;
type Starting = Pick<Dependencies, 'rows' | 'clock' | 'lease'> & { readonly orchestrations: Orchestrations };

/** What is known of the last heartbeat; `none` before the first. */
export type Pulse =
  | { readonly state: 'none' }
  | { readonly state: 'fresh' | 'stale'; readonly completedAt: string; readonly ageSeconds: number };

export async function pulseOf({ rows, clock }: Rows): Promise<Pulse> {
  const found = await rows.get('heartbeat', only);
  if (found === undefined) return { state: 'none' };
  const { completedAt } = found.row;
  const ageSeconds = Math.max(0, Math.round((clock.now().getTime() - Date.parse(completedAt)) / 1000));
  return { state: ageSeconds > STALE_SECONDS ? 'stale' : 'fresh', completedAt, ageSeconds };
}

/**
 * What the timer does: starts the heartbeat of this minute of the day. Its id is used again every day, so that repeats are
 * harmless and no instance is left over. Answers with the pulse as it was before.
 */
export async function startHeartbeat(app: Starting): Promise<Pulse> {
  const startedAt = app.clock.now().toISOString();
  const pulse = await pulseOf(app);
  // Its heart must not beat for the app that does the work.
  if ((await app.lease.hold()).state === 'elsewhere') return pulse;
  await app.orchestrations.startHeartbeat({ period: startedAt.slice(11, 16).replace(':', ''), startedAt });
  return pulse;
}

/** What the activity does. Of heartbeats that come late, or twice, the one that was started last stands. */
export async function beat({ period, startedAt }: HeartbeatInput, { rows, clock }: Rows): Promise<void> {
  const found = await rows.get('heartbeat', only);
  if (found !== undefined && found.row.startedAt > startedAt) return;
  try {
    await rows.save('heartbeat', only, { period, startedAt, completedAt: clock.now().toISOString() }, found?.etag);
  } catch (error) {
    // Another heartbeat came through at the same moment, which shows as much.
    if (!(error instanceof RenewalError) || error.code !== 'storage-conflict') throw error;
  }
}
