import type { OrchestrationContext } from 'durable-functions';
import { traceIdOf } from '../trace-parent.ts';
import type { Performer } from './perform.ts';
import type {
  Ended,
  Inspected,
  RenewalInput,
  RenewalResult,
  RenewalStatus,
  Stage,
  TargetResult,
  VersionSummary,
} from './story.ts';

/** How far a renewal has come: the custom status while it runs, the result when it ends. Rebuilt by every replay. */
export class RenewalProgress implements Performer {
  readonly context: OrchestrationContext;
  readonly input: RenewalInput;
  #stage: Stage = 'inspect';
  #end: Ended | undefined;
  #inspected: Inspected | undefined;
  #order: string | undefined;
  #new: VersionSummary | undefined;
  #targets: readonly TargetResult[] = [];

  constructor(context: OrchestrationContext, input: RenewalInput) {
    this.context = context;
    this.input = input;
  }

  get renewalId(): string {
    return this.input.renewalId;
  }

  get vault(): string {
    return this.input.vault;
  }

  get certificate(): string {
    return this.input.certificate;
  }

  get traceparent(): string | undefined {
    return this.input.traceparent;
  }

  /** Why and by whom it was started, as the inspection asks it. */
  get started(): Pick<RenewalInput, 'reason' | 'requester' | 'comment'> {
    const { reason, requester, comment } = this.input;
    return { reason, ...(requester !== undefined && { requester }), ...(comment !== undefined && { comment }) };
  }

  now(): Date {
    return this.context.df.currentUtcDateTime;
  }

  enter(stage: Stage, end?: Ended): void {
    this.#stage = stage;
    this.#end = end;
    this.#show({});
  }

  onWait(waitingFor: string, until: Date): void {
    this.#show({ waitingFor, nextAttemptAt: until.toISOString() });
  }

  onGoOn(): void {
    this.#show({});
  }

  /** A child orchestration waits; when it tries again is in its own status. */
  waitsFor(waitingFor: string): void {
    this.#show({ waitingFor });
  }

  inspected(inspected: Inspected): void {
    this.#inspected = inspected;
  }

  ordered(reference: string): void {
    this.#order = reference;
    this.#show({});
  }

  merged(version: VersionSummary): void {
    this.#new = version;
  }

  rolledOut(targets: readonly TargetResult[]): void {
    this.#targets = targets;
    this.#show({});
  }

  /** An error that no step answered for. Once the new version exists, pull targets take it: that is no mere failure. */
  broken(detail: string): Ended {
    const outcome = this.#new === undefined ? 'failed' : 'partly-deployed';
    return { outcome, outcomeReason: 'step-failed', detail };
  }

  result(end: Ended): RenewalResult {
    const { renewalId, vault, certificate, reason } = this.input;
    return {
      renewalId,
      vault,
      certificate,
      reason,
      ...end,
      ...(this.#inspected && { issuer: this.#inspected.plan.issuer, old: this.#inspected.old }),
      ...(this.#new && { new: this.#new }),
      targets: this.#targets,
    };
  }

  #show(more: Partial<RenewalStatus>): void {
    const { vault, certificate, reason, traceparent } = this.input;
    const traceId = traceIdOf(traceparent);
    const status: RenewalStatus = {
      vault,
      certificate,
      stage: this.#stage,
      reason,
      ...(traceId !== undefined && { traceId }),
      ...(this.#inspected && { issuer: this.#inspected.plan.issuer, verified: this.#verified(this.#inspected) }),
      ...(this.#order && { order: this.#order }),
      ...(this.#end && { outcome: this.#end.outcome, outcomeReason: this.#end.outcomeReason }),
      ...more,
    };
    this.context.df.setCustomStatus(status);
  }

  #verified(inspected: Inspected): string {
    return `${this.#targets.filter((target) => target.verified).length}/${inspected.targets.length}`;
  }
}
