import type { HistoryEvent } from '../types.ts';

// Numbers are the wire form; the management API writes names.
const NAMES = new Map([
  [0, 'ExecutionStarted'],
  [1, 'ExecutionCompleted'],
  [2, 'ExecutionFailed'],
  [3, 'ExecutionTerminated'],
  [4, 'TaskScheduled'],
  [5, 'TaskCompleted'],
  [6, 'TaskFailed'],
  [7, 'SubOrchestrationInstanceCreated'],
  [8, 'SubOrchestrationInstanceCompleted'],
  [9, 'SubOrchestrationInstanceFailed'],
  [10, 'TimerCreated'],
  [11, 'TimerFired'],
  [12, 'OrchestratorStarted'],
  [13, 'OrchestratorCompleted'],
  [14, 'EventSent'],
  [15, 'EventRaised'],
  [16, 'ContinueAsNew'],
  [17, 'GenericEvent'],
  [18, 'HistoryState'],
  [19, 'ExecutionSuspended'],
  [20, 'ExecutionResumed'],
]);
const EPISODE_MARKS = new Set([12, 13]);
const INTERNAL = new Set([
  'EventId',
  'IsPlayed',
  'TaskScheduledId',
  'TimerId',
  'ParentInstance',
  'OrchestrationInstance',
]);
const BODIES = new Set(['Input', 'Result', 'Details']);

/** The history for people: names for numbers, a scheduling joined with its end, no inputs and results unless asked for. */
export function publicHistory(events: readonly HistoryEvent[], showOutput: boolean): Record<string, unknown>[] {
  const scheduled = new Map(events.filter(schedules).map((event) => [event.EventId, event]));
  const ended = new Set(events.map(endedId));
  return events
    .filter((event) => !EPISODE_MARKS.has(event.EventType) && !(schedules(event) && ended.has(event.EventId)))
    .map((event) => ({ ...ownFields(event, showOutput), ...schedulingFields(scheduled.get(endedId(event) ?? -1)) }));
}

function schedules({ EventType }: HistoryEvent): boolean {
  return EventType === 4 || EventType === 7 || EventType === 10;
}

function endedId(event: HistoryEvent): number | undefined {
  const id = event.TaskScheduledId ?? event.TimerId;
  return typeof id === 'number' ? id : undefined;
}

function ownFields(event: HistoryEvent, showOutput: boolean): Record<string, unknown> {
  const kept = Object.entries(event).filter(([field]) => !INTERNAL.has(field) && (showOutput || !BODIES.has(field)));
  const { Name, ...fields } = Object.fromEntries(kept);
  const named = Name === undefined ? {} : event.EventType === 15 ? { Name } : { FunctionName: Name };
  return { ...fields, EventType: NAMES.get(event.EventType) ?? String(event.EventType), ...named };
}

function schedulingFields(event: HistoryEvent | undefined): Record<string, unknown> {
  if (event === undefined) return {};
  const name = event.Name;
  return { ScheduledTime: event.Timestamp, ...(name === undefined ? {} : { FunctionName: name }) };
}
