import { endedWork, endsInFailure, eventType, historyEvent, schedulesWork, textField } from '../engine/history.ts';
import type { HistoryEvent } from '../types.ts';
import { type Instance, isFinished, newInstance, openWork } from './instance.ts';
import type { Change } from './instances.ts';

/**
 * The history of a failed execution, taken back to just before the failures that ended it: their work is open again, and
 * whatever was scheduled because of them is forgotten. Failures that were survived (an earlier attempt of a retry) stay.
 */
export function rewoundHistory(history: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const lastFailure = history.findLastIndex(endsInFailure);
  if (lastFailure < 0) return history.filter((event) => event.EventType !== eventType.executionCompleted);
  const lastCall = history.findLastIndex((event, index) => index < lastFailure && isCall(event));
  const cut = history.findIndex((event, index) => index > lastCall && endsEpisode(event));
  const kept = history.slice(0, cut + 1);
  const known = new Set(kept.filter(schedulesWork).map((event) => event.EventId));
  return [...kept, ...history.slice(cut + 1).filter((event) => staysAfter(event, known))];
}

function isCall(event: HistoryEvent): boolean {
  return event.EventType === eventType.taskScheduled || event.EventType === eventType.subOrchestrationCreated;
}

function endsEpisode(event: HistoryEvent): boolean {
  return event.EventType === eventType.orchestratorCompleted;
}

function staysAfter(event: HistoryEvent, known: ReadonlySet<number>): boolean {
  if (endsInFailure(event) || isCall(event) || event.EventType === eventType.executionCompleted) return false;
  // A timer that is still wanted is asked for again by the next replay.
  if (event.EventType === eventType.timerCreated) return false;
  const ended = endedWork(event);
  return ended === undefined || known.has(ended);
}

export interface RewindRequest {
  readonly instance: Instance;
  readonly reason: string;
  readonly at: Date;
  readonly find: (instanceId: string) => Instance | undefined;
  readonly newId: () => string;
  /** Filled with every instance that is taken back: their open work is to be begun again. */
  readonly rewound: Instance[];
}

/** Takes back an instance, and with it the sub-orchestrations that failed for it. */
export function rewindChanges(request: RewindRequest): readonly Change[] {
  const { instance, at } = request;
  const history = rewoundHistory(instance.history);
  request.rewound.push(instance);
  const message = historyEvent(eventType.genericEvent, at, { Data: `Rewound: ${request.reason}` });
  const own: Change = { change: 'rewind', id: instance.id, at: at.toISOString(), history, message };
  const calls = [...openWork(history).values()].filter(
    (event) => event.EventType === eventType.subOrchestrationCreated,
  );
  return [own, ...calls.flatMap((event) => rewindChild(request, event))];
}

/** A child that ended otherwise than by failing, or was purged, begins anew. */
function rewindChild(request: RewindRequest, created: HistoryEvent): readonly Change[] {
  const { instance, at, newId } = request;
  const child = request.find(textField(created, 'InstanceId'));
  if (child?.status === 'Failed') return rewindChanges({ ...request, instance: child });
  if (child !== undefined && !isFinished(child)) return [];
  const { id: instanceId, executionId, name } = instance;
  const anew = newInstance({
    id: textField(created, 'InstanceId'),
    executionId: newId(),
    name: textField(created, 'Name'),
    version: textField(created, 'Version') || instance.version,
    inputJson: textField(created, 'Input'),
    parent: { instanceId, executionId, name, taskId: created.EventId },
    at,
  });
  return [{ change: 'create', instance: anew }];
}
