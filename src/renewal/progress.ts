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
  StepCall,
  StepInput,
  TargetResult,
  VersionSummary,
} from './story.ts';
import type { TargetCounts } from './tally.ts';

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
  #counts: TargetCounts | undefined;
  #wave: string | undefined;

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

  /** As `started`, with what is left to be done; the targets stay out of the answer. */
  get asked(): Omit<StepInput<'inspect'>, keyof StepCall> {
    const { scope, adopts } = this.input;
    const what = { ...(scope !== undefined && { scope }), ...(adopts !== undefined && { adopts }) };
    return { ...this.started, ...what, targets: 'rows' };
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

  /** `wave`: `k/n`. */
  enterWave(wave: string): void {
    this.#wave = wave;
    this.enter('deploy');
  }

  /** `counts`: of all targets, where not all of them are told of. */
  rolledOut({ results, counts }: { readonly results: readonly TargetResult[]; readonly counts?: TargetCounts }): void {
    this.#targets = results;
    this.#counts = counts;
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
      ...(this.#counts && { counts: this.#counts }),
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
      ...(this.#wave && { wave: this.#wave }),
      ...(this.#end && { outcome: this.#end.outcome, outcomeReason: this.#end.outcomeReason }),
      ...more,
    };
    this.context.df.setCustomStatus(status);
  }

  #verified(inspected: Inspected): string {
    const { verified = this.#targets.filter((target) => target.verified).length } = this.#counts ?? {};
    return `${verified}/${inspected.rollout?.total ?? inspected.targets?.length ?? 0}`;
  }
}
