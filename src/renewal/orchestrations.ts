import type { HeartbeatInput } from './heartbeat.ts';
import type { RenewalInput, RenewalResult, RenewalStatus } from './story.ts';

/** A renewal's instance, as the durable client knows it. */
export interface RenewalInstance {
  readonly state: 'running' | 'finished';
  /** As Durable Functions calls it. */
  readonly runtimeStatus: string;
  readonly input: RenewalInput;
  readonly status?: RenewalStatus;
  readonly result?: RenewalResult;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The flow, at arm's length: what start, cancel and the API need of the durable client. Throws when it cannot tell. */
export interface Orchestrations {
  find(renewalId: string): Promise<RenewalInstance | undefined>;
  /** Starts `renewCertificate` under the renewal's id; an instance that runs already under it is fine. */
  start(input: RenewalInput): Promise<void>;
  /** Starts `heartbeat` under the id of its period; one that runs under it is fine, one that has ended makes way. */
  startHeartbeat(input: HeartbeatInput): Promise<void>;
  /** Asks that an instance be ended; one that has ended or is gone is fine. `why` is one word: it becomes part of a URL. */
  terminate(renewalId: string, why: string): Promise<void>;
}
