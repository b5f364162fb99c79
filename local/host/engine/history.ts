import type { HistoryEvent } from '../types.ts';

/** The numbers of `EventType`, as the durable extension writes them. */
export const eventType = {
  executionStarted: 0,
  executionCompleted: 1,
  executionFailed: 2,
  executionTerminated: 3,
  taskScheduled: 4,
  taskCompleted: 5,
  taskFailed: 6,
  subOrchestrationCreated: 7,
  subOrchestrationCompleted: 8,
  subOrchestrationFailed: 9,
  timerCreated: 10,
  timerFired: 11,
  orchestratorStarted: 12,
  orchestratorCompleted: 13,
  eventSent: 14,
  eventRaised: 15,
  continueAsNew: 16,
  genericEvent: 17,
  historyState: 18,
  executionSuspended: 19,
  executionResumed: 20,
} as const;

export type EventType = (typeof eventType)[keyof typeof eventType];

interface EventFields {
  /** Sequence number of scheduled work; other events carry -1. */
  readonly EventId?: number;
  readonly [field: string]: unknown;
}

/** A history event; `IsPlayed` is what it is for every later replay. */
export function historyEvent(type: EventType, at: Date, fields: EventFields = {}): HistoryEvent {
  return { EventType: type, EventId: -1, IsPlayed: true, Timestamp: at.toISOString(), ...fields };
}

/** Events that put work of their own sequence number into the history. */
export function schedulesWork(event: HistoryEvent): boolean {
  return (
    event.EventType === eventType.taskScheduled ||
    event.EventType === eventType.subOrchestrationCreated ||
    event.EventType === eventType.timerCreated
  );
}

/** The sequence number of the work that this event ends; `undefined` for events that end none. */
export function endedWork(event: HistoryEvent): number | undefined {
  switch (event.EventType) {
    case eventType.taskCompleted:
    case eventType.taskFailed:
    case eventType.subOrchestrationCompleted:
    case eventType.subOrchestrationFailed:
      return numberField(event, 'TaskScheduledId');
    case eventType.timerFired:
      return numberField(event, 'TimerId');
    default:
      return undefined;
  }
}

export function endsInFailure(event: HistoryEvent): boolean {
  return event.EventType === eventType.taskFailed || event.EventType === eventType.subOrchestrationFailed;
}

export function textField(event: HistoryEvent, field: string): string {
  const value = event[field];
  return typeof value === 'string' ? value : '';
}

export function numberField(event: HistoryEvent, field: string): number {
  const value = event[field];
  return typeof value === 'number' ? value : -1;
}
