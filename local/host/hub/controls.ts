import { eventType, historyEvent } from '../engine/history.ts';
import type { HistoryEvent, RuntimeStatus } from '../types.ts';
import { parentMessage } from './conclude.ts';
import { episodeTime } from './episode.ts';
import type { Instance } from './instance.ts';
import type { Change } from './instances.ts';

/** What the waiting control messages make of an instance. The orchestrator is not called for them. */
export function applyControls(instance: Instance, now: Date): readonly Change[] {
  const at = episodeTime(instance, [], now);
  const terminate = instance.controls.find((control) => control.kind === 'terminate');
  return terminate === undefined ? [pauseOrGoOn(instance, at)] : terminated(instance, at, terminate.reason);
}

/** A parent learns of it as of a failure; sub-orchestrations of the instance run on, as on Azure. */
function terminated(instance: Instance, at: Date, reason: string): readonly Change[] {
  const events = [
    historyEvent(eventType.executionTerminated, at, { Input: reason }),
    historyEvent(eventType.executionCompleted, at, {
      OrchestrationStatus: 'Terminated',
      Result: JSON.stringify(reason),
    }),
  ];
  return [
    { ...turn(instance, at, events), status: 'Terminated', output: reason },
    ...parentMessage(instance, at, { reason, details: reason }),
  ];
}

function pauseOrGoOn(instance: Instance, at: Date): Change {
  const events: HistoryEvent[] = [];
  let suspended = instance.status === 'Suspended';
  for (const { kind, reason } of instance.controls) {
    if ((kind === 'suspend') === suspended) continue;
    suspended = !suspended;
    const type = suspended ? eventType.executionSuspended : eventType.executionResumed;
    events.push(historyEvent(type, at, { Reason: reason }));
  }
  return { ...turn(instance, at, events), status: suspended ? 'Suspended' : activeStatus(instance) };
}

/** Nothing is `Running` before its first episode. */
function activeStatus(instance: Instance): RuntimeStatus {
  return instance.history.some((event) => event.EventType === eventType.executionStarted) ? 'Running' : 'Pending';
}

function turn(instance: Instance, at: Date, events: readonly HistoryEvent[]) {
  const framed = [
    historyEvent(eventType.orchestratorStarted, at),
    ...events,
    historyEvent(eventType.orchestratorCompleted, at),
  ];
  return {
    change: 'turn' as const,
    id: instance.id,
    at: at.toISOString(),
    messages: 0,
    controls: instance.controls.length,
    events: events.length === 0 ? [] : framed,
  };
}
