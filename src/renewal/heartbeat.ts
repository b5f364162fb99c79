import type { OrchestrationContext } from 'durable-functions';
import type { Story } from './perform.ts';

/** A heartbeat is asked to come through: what its timer knows. */
export interface HeartbeatInput {
  /** The hour and minute that it is of, in UTC: `0915`. */
  readonly period: string;
  /** When its timer ran. ISO 8601. */
  readonly startedAt: string;
}

/**
 * The smallest orchestration there is. That it ends shows what no other sign shows: that the control queue and the
 * work-item queue are read, so that a renewal which is started also runs.
 */
export function* heartbeat(context: OrchestrationContext): Story<void> {
  yield context.df.callActivity('beat', context.df.getInput<HeartbeatInput>());
}
