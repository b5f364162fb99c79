import { endedWork, eventType, historyEvent, schedulesWork } from '../engine/history.ts';
import type { HistoryEvent, RuntimeStatus } from '../types.ts';

/** Who started a sub-orchestration, and under which sequence number. */
export interface Parent {
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  readonly taskId: number;
}

export interface Control {
  readonly kind: 'terminate' | 'suspend' | 'resume';
  readonly reason: string;
}

/** An instance as the journal keeps it. Texts that end in `Json` are JSON. */
export interface StoredInstance {
  readonly id: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly parent: Parent | undefined;
  readonly createdTime: string;
  /** One run of the orchestrator; `continueAsNew` begins another. */
  executionId: string;
  inputJson: string;
  status: RuntimeStatus;
  history: HistoryEvent[];
  /** Events that no episode has seen yet. */
  inbox: HistoryEvent[];
  controls: Control[];
  customStatus: unknown;
  output: unknown;
  lastUpdatedTime: string;
}

export interface Instance extends StoredInstance {
  /** Grows with every instance that is made: the order of lists. */
  readonly sequence: number;
  /** Scheduled work whose end is neither in the history nor in the inbox, by sequence number. */
  readonly open: Map<number, HistoryEvent>;
}

const finishedStatuses: ReadonlySet<RuntimeStatus> = new Set(['Completed', 'Failed', 'Terminated', 'Canceled']);

export function isFinished(instance: { readonly status: RuntimeStatus }): boolean {
  return finishedStatuses.has(instance.status);
}

/** Something waits to be processed, and may be: only a control message moves a suspended instance. */
export function isRunnable(instance: Instance): boolean {
  if (isFinished(instance)) return false;
  return instance.controls.length > 0 || (instance.status !== 'Suspended' && instance.inbox.length > 0);
}

export interface NewInstance {
  readonly id: string;
  readonly executionId: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly inputJson: string;
  readonly parent: Parent | undefined;
  readonly at: Date;
}

export function newInstance(request: NewInstance): StoredInstance {
  const { at, ...rest } = request;
  return {
    ...rest,
    createdTime: at.toISOString(),
    lastUpdatedTime: at.toISOString(),
    status: 'Pending',
    history: [],
    inbox: [executionStarted(request)],
    controls: [],
    customStatus: null,
    output: null,
  };
}

export function executionStarted(request: NewInstance): HistoryEvent {
  const { parent } = request;
  return historyEvent(eventType.executionStarted, request.at, {
    Name: request.name,
    Version: request.version ?? '',
    Input: request.inputJson,
    OrchestrationInstance: { InstanceId: request.id, ExecutionId: request.executionId },
    ParentInstance: parent === undefined ? null : parentInstance(parent),
  });
}

function parentInstance(parent: Parent): unknown {
  return {
    Name: parent.name,
    OrchestrationInstance: { InstanceId: parent.instanceId, ExecutionId: parent.executionId },
    TaskScheduleId: parent.taskId,
  };
}

/** Scheduled work that `events` do not end. */
export function openWork(events: readonly HistoryEvent[]): Map<number, HistoryEvent> {
  const open = new Map<number, HistoryEvent>();
  for (const event of events) {
    const ended = endedWork(event);
    if (ended !== undefined) open.delete(ended);
    else if (schedulesWork(event)) open.set(event.EventId, event);
  }
  return open;
}
