import { eventType, historyEvent } from '../engine/history.ts';
import type { HistoryEvent } from '../types.ts';
import type { Parent } from './instance.ts';

export interface Failure {
  readonly reason: string;
  readonly details: string;
  readonly failureDetails?: unknown;
}

/** How an activity's failure stands in the history of its orchestration. */
export function activityFailure(name: string, message: string, stack: string | undefined): Failure {
  const structured = structuredError(message);
  const text = structured === undefined ? message : String(structured.errorMessage);
  return {
    reason: `Activity function '${name}' failed: ${text}`,
    details: stack ?? text,
    ...(structured !== undefined && { failureDetails: failureDetails(structured) }),
  };
}

export function orchestratorFailure(name: string, error: string): string {
  return `Orchestrator function '${name}' failed: ${error}`;
}

export function failureFields(failure: Failure): Record<string, unknown> {
  const { reason, details } = failure;
  const structured = failure.failureDetails === undefined ? {} : { FailureDetails: failure.failureDetails };
  return { Reason: reason, Details: details, ...structured };
}

/** What a parent learns of the end of its sub-orchestration. */
export function endForParent(parent: Parent, at: Date, end: { resultJson: string } | Failure): HistoryEvent {
  const id = { TaskScheduledId: parent.taskId };
  return 'resultJson' in end
    ? historyEvent(eventType.subOrchestrationCompleted, at, { ...id, Result: end.resultJson })
    : historyEvent(eventType.subOrchestrationFailed, at, { ...id, ...failureFields(end) });
}

/**
 * With an exception-properties provider the library sends the error as JSON in the message; the extension makes the wire
 * form of it.
 */
function structuredError(message: string): Record<string, unknown> | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(message);
    const isError = typeof value === 'object' && value !== null && 'errorType' in value && 'errorMessage' in value;
    return isError ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function failureDetails(error: Record<string, unknown>): Record<string, unknown> {
  const inner = error.innerFailure;
  return {
    ErrorType: error.errorType,
    ErrorMessage: error.errorMessage,
    StackTrace: error.stackTrace ?? null,
    IsNonRetriable: error.isNonRetriable === true,
    Properties: error.properties ?? null,
    InnerFailure: typeof inner === 'object' && inner !== null ? failureDetails(inner as Record<string, unknown>) : null,
  };
}
