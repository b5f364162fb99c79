import { eventType, historyEvent, textField } from '../engine/history.ts';
import type { HistoryEvent } from '../types.ts';
import type { Instance } from './instance.ts';

/** One call of an orchestrator: what it has to see that it has not seen before. */
export interface Episode {
  readonly instanceId: string;
  readonly executionId: string;
  readonly at: Date;
  /** How many messages of the inbox are in it. */
  readonly messages: number;
  readonly events: readonly HistoryEvent[];
}

/** Longest single timer and length of the pieces of longer ones: those of the Azure Storage provider. */
export const timerLimits = { longestMs: 6 * 86_400_000, segmentMs: 3 * 86_400_000 } as const;

export function nextEpisode(instance: Instance, now: Date): Episode {
  const messages = [...instance.inbox];
  const at = episodeTime(instance, messages, now);
  return {
    instanceId: instance.id,
    executionId: instance.executionId,
    at,
    messages: messages.length,
    events: [historyEvent(eventType.orchestratorStarted, at), ...messages],
  };
}

/** Time never runs backwards for an orchestrator, and a timer has not fired before its time: or it would wait again. */
export function episodeTime(instance: Instance, messages: readonly HistoryEvent[], now: Date): Date {
  const last = instance.history.at(-1);
  const fired = messages.filter((event) => event.EventType === eventType.timerFired);
  const bounds = [...fired.map((event) => textField(event, 'FireAt')), ...(last === undefined ? [] : [last.Timestamp])];
  return new Date(Math.max(now.getTime(), ...bounds.map((bound) => Date.parse(bound))));
}

/** The orchestration trigger's text, as the current extension sends it. */
export function orchestratorInput(instance: Instance, episode: Episode): string {
  const fresh = episode.events.map((event) => ({ ...event, IsPlayed: false }));
  const rest = {
    instanceId: instance.id,
    isReplaying: instance.history.length > 0,
    parentInstanceId: instance.parent?.instanceId ?? null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 3,
    longRunningTimerIntervalDuration: '3.00:00:00',
    maximumShortTimerDuration: '6.00:00:00',
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
  // The input is JSON already, and is not parsed only to be written again.
  return `{"history":${JSON.stringify([...instance.history, ...fresh])},"input":${instance.inputJson},${JSON.stringify(rest).slice(1)}`;
}
