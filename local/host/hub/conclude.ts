import { eventType, historyEvent } from '../engine/history.ts';
import type { Decision } from '../engine/replay.ts';
import type { Work } from '../engine/units.ts';
import type { HistoryEvent } from '../types.ts';
import type { Episode } from './episode.ts';
import { endForParent, type Failure, orchestratorFailure } from './failure.ts';
import { executionStarted, type Instance, isFinished, newInstance } from './instance.ts';
import type { Change, Turn } from './instances.ts';

export interface Conclusion {
  readonly instance: Instance;
  readonly episode: Episode;
  readonly decision: Decision;
  readonly customStatus?: unknown;
  readonly defaultVersion?: string;
  readonly newId: () => string;
  /** To see whether a sub-orchestration's id is taken. */
  readonly find: (instanceId: string) => Instance | undefined;
}

/** The changes that an episode's decision makes, all of them at once. */
export function conclude(conclusion: Conclusion): readonly Change[] {
  const { decision } = conclusion;
  switch (decision.state) {
    case 'waiting':
      return [turn(conclusion, { status: 'Running' }, []), ...children(conclusion)];
    case 'continued':
      return [continuation(conclusion, JSON.stringify(decision.input))];
    case 'completed':
      return end(conclusion, decision.output);
    case 'failed':
      return fail(conclusion, decision);
  }
}

function end(conclusion: Conclusion, output: unknown): readonly Change[] {
  const resultJson = JSON.stringify(output);
  const last = historyEvent(eventType.executionCompleted, conclusion.episode.at, {
    OrchestrationStatus: 'Completed',
    Result: resultJson,
  });
  return [turn(conclusion, { status: 'Completed', output }, [last]), ...tellParent(conclusion, { resultJson })];
}

function fail(conclusion: Conclusion, decision: Extract<Decision, { state: 'failed' }>): readonly Change[] {
  const { instance, episode } = conclusion;
  const text = decision.by === 'orchestrator' ? orchestratorFailure(instance.name, decision.error) : decision.error;
  const { failureDetails } = decision;
  const last = historyEvent(eventType.executionCompleted, episode.at, {
    OrchestrationStatus: 'Failed',
    Result: JSON.stringify(text),
    ...(failureDetails !== undefined && { FailureDetails: failureDetails }),
  });
  const failure = { reason: text, details: decision.error, ...(failureDetails !== undefined && { failureDetails }) };
  return [turn(conclusion, { status: 'Failed', output: text }, [last]), ...tellParent(conclusion, failure)];
}

function tellParent(conclusion: Conclusion, end: { resultJson: string } | Failure): readonly Change[] {
  return parentMessage(conclusion.instance, conclusion.episode.at, end);
}

export function parentMessage(instance: Instance, at: Date, end: { resultJson: string } | Failure): readonly Change[] {
  const { parent } = instance;
  if (parent === undefined) return [];
  const event = endForParent(parent, at, end);
  return [{ change: 'message', id: parent.instanceId, run: parent.executionId, event }];
}

function turn(conclusion: Conclusion, end: Pick<Turn, 'status' | 'output'>, last: readonly HistoryEvent[]): Turn {
  const { episode, decision, customStatus } = conclusion;
  const scheduled = decision.work.map((work) => scheduledEvent(work, episode.at));
  const closed = historyEvent(eventType.orchestratorCompleted, episode.at);
  return {
    change: 'turn',
    id: episode.instanceId,
    at: episode.at.toISOString(),
    messages: episode.messages,
    controls: 0,
    events: [...episode.events, ...scheduled, ...last, closed],
    ...end,
    ...(customStatus !== undefined && { customStatus }),
  };
}

function scheduledEvent(work: Work, at: Date): HistoryEvent {
  const EventId = work.id;
  switch (work.kind) {
    case 'activity':
      return historyEvent(eventType.taskScheduled, at, {
        EventId,
        Name: work.name,
        Input: JSON.stringify([work.input]),
      });
    case 'timer':
      return historyEvent(eventType.timerCreated, at, { EventId, FireAt: work.fireAt.toISOString() });
    case 'sub-orchestration':
      return historyEvent(eventType.subOrchestrationCreated, at, {
        EventId,
        Name: work.name,
        InstanceId: work.instanceId,
        Input: JSON.stringify(work.input),
        ...(work.version !== undefined && { Version: work.version }),
      });
  }
}

function continuation(conclusion: Conclusion, inputJson: string): Change {
  const { instance, episode, customStatus } = conclusion;
  const executionId = conclusion.newId();
  const { id, name, version, parent } = instance;
  return {
    change: 'continue',
    id,
    at: episode.at.toISOString(),
    executionId,
    inputJson,
    messages: episode.messages,
    started: executionStarted({ id, executionId, name, version, inputJson, parent, at: episode.at }),
    ...(customStatus !== undefined && { customStatus }),
  };
}

function children(conclusion: Conclusion): readonly Change[] {
  return conclusion.decision.work.flatMap((work) =>
    work.kind === 'sub-orchestration' ? [child(conclusion, work)] : [],
  );
}

/** An id that is in use by an instance that still runs cannot be given to a sub-orchestration: the parent is told. */
function child(conclusion: Conclusion, work: Extract<Work, { kind: 'sub-orchestration' }>): Change {
  const { instance, episode } = conclusion;
  const taken = conclusion.find(work.instanceId);
  const parent = {
    instanceId: instance.id,
    executionId: instance.executionId,
    name: instance.name,
    taskId: work.id,
  };
  if (taken !== undefined && !isFinished(taken)) {
    const reason = `An orchestration instance with the id '${work.instanceId}' is running already`;
    const event = endForParent(parent, episode.at, { reason, details: reason });
    return { change: 'message', id: instance.id, run: instance.executionId, event };
  }
  const created = newInstance({
    id: work.instanceId,
    executionId: conclusion.newId(),
    name: work.name,
    version: work.version ?? conclusion.defaultVersion,
    inputJson: JSON.stringify(work.input),
    parent,
    at: episode.at,
  });
  return { change: 'create', instance: created };
}
