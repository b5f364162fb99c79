import { isDeepStrictEqual } from 'node:util';
import { type Action, parseAnswer } from '../../local/host/engine/answer.ts';
import { eventType, schedulesWork, textField } from '../../local/host/engine/history.ts';
import { orchestratorInput } from '../../local/host/hub/episode.ts';
import { newInstance } from '../../local/host/hub/instance.ts';
import type { HistoryEvent, Worker } from '../../local/host/types.ts';
import { type End, type Recording, startOf } from './recording.ts';

/** Something an orchestrator asked for, or how it ended: what is compared. */
type Act =
  | { readonly kind: 'activity'; readonly name: string; readonly input: unknown }
  | { readonly kind: 'sub-orchestration'; readonly name: string; readonly id: string; readonly input: unknown }
  | { readonly kind: 'timer'; readonly fireAt: string }
  | { readonly kind: 'end'; readonly end: unknown };

/** Where a replay leaves its history. */
export interface Difference {
  /** The episode (1, 2, …) and the act within all acts so far (1, 2, …). */
  readonly episode: number;
  readonly act: number;
  readonly was: string;
  readonly now: string;
}

/**
 * Lives a recorded execution again, one episode after the other, without any effect: each time the orchestrator is given
 * what it was given then, and has to ask for exactly what it asked for then.
 */
export async function replayRecording(recording: Recording, worker: Worker): Promise<Difference | undefined> {
  const episodes = episodesOf(recording.history);
  for (const index of episodes.keys()) {
    const isLast = index === episodes.length - 1;
    const was = episodes.slice(0, index + 1).flatMap((episode) => episode.filter(schedulesWork).map(recordedAct));
    const now = await actsNow(recording, episodes.slice(0, index + 1), worker);
    const difference = firstDifference([...was, ...(isLast ? [endAct(recording.end)] : [])], now);
    if (difference !== undefined) return { episode: index + 1, ...difference };
  }
  return undefined;
}

/** An episode is what the orchestrator was called with, and what was scheduled because of its answer. */
function episodesOf(history: readonly HistoryEvent[]): readonly (readonly HistoryEvent[])[] {
  const episodes: HistoryEvent[][] = [];
  for (const event of history) {
    if (event.EventType === eventType.orchestratorStarted) episodes.push([]);
    episodes.at(-1)?.push(event);
  }
  return episodes;
}

async function actsNow(
  recording: Recording,
  episodes: readonly (readonly HistoryEvent[])[],
  worker: Worker,
): Promise<readonly Act[]> {
  const registered = worker.functions.find(({ name }) => name === recording.orchestrator);
  if (registered === undefined) throw new TypeError(`the app has no orchestrator ${recording.orchestrator} any more`);
  const text = triggerText(recording, episodes);
  const result = await worker.invoke({ functionName: registered.name, inputs: { [registered.trigger.name]: text } });
  if (result.state === 'lost') throw new TypeError('the worker is in this process, it cannot be lost');
  const parsed = parseAnswer(result);
  if (parsed.state === 'broken') return [endAct({ state: 'failed', error: parsed.reason })];
  const { actions, done, error, output } = parsed.answer;
  const acts = actions.flatMap(actsOf);
  if (acts.some(({ kind }) => kind === 'end')) return acts;
  if (error !== undefined) return [...acts, endAct({ state: 'failed', error })];
  return done ? [...acts, endAct({ state: 'completed', output })] : acts;
}

/** What the host sends for the last of these episodes. */
function triggerText(
  recording: Recording,
  episodes: readonly (readonly HistoryEvent[])[],
): { readonly string: string } {
  const { instanceId, parentInstanceId, orchestrator, input } = recording;
  const started = startOf(recording.history);
  const fresh = (episodes.at(-1) ?? []).filter(
    (event) => !schedulesWork(event) && event.EventType !== eventType.orchestratorCompleted,
  );
  const executionId = '';
  const at = new Date(started.Timestamp);
  const parent =
    parentInstanceId === null ? undefined : { instanceId: parentInstanceId, executionId, name: '', taskId: 0 };
  const version = textField(started, 'Version');
  const request = {
    id: instanceId,
    executionId,
    name: orchestrator,
    version,
    inputJson: JSON.stringify(input),
    parent,
  };
  const history = episodes.slice(0, -1).flat();
  const instance = { ...newInstance({ ...request, at }), history, sequence: 0, open: new Map() };
  return {
    string: orchestratorInput(instance, { instanceId, executionId, at, messages: fresh.length, events: fresh }),
  };
}

function actsOf(action: Action): readonly Act[] {
  switch (action.kind) {
    case 'activity':
      return [{ kind: action.kind, name: action.name, input: action.input }];
    case 'sub-orchestration':
      return [{ kind: action.kind, name: action.name, id: action.instanceId ?? givenId, input: action.input }];
    case 'timer':
      return [{ kind: action.kind, fireAt: action.fireAt.toISOString() }];
    case 'any':
    case 'all':
      return action.actions.flatMap(actsOf);
    case 'continue-as-new':
      return [endAct({ state: 'continued', input: action.input })];
    default:
      return [endAct({ state: 'failed', error: `it asks for ${action.kind}, which no recorded history knows` })];
  }
}

/** A child without an id of its own gets one of the host: execution id and sequence number. */
const givenId = '(given by the host)';
const GIVEN_ID = /^[0-9a-f]{32}:\d+$/;

function recordedAct(event: HistoryEvent): Act {
  const name = textField(event, 'Name');
  if (event.EventType === eventType.timerCreated) return { kind: 'timer', fireAt: textField(event, 'FireAt') };
  const input: unknown = JSON.parse(textField(event, 'Input'));
  if (event.EventType === eventType.taskScheduled)
    return { kind: 'activity', name, input: (input as readonly unknown[])[0] };
  const id = textField(event, 'InstanceId');
  return { kind: 'sub-orchestration', name, id: GIVEN_ID.test(id) ? givenId : id, input };
}

function endAct(end: End): Act {
  return { kind: 'end', end };
}

function firstDifference(was: readonly Act[], now: readonly Act[]): Omit<Difference, 'episode'> | undefined {
  for (let index = 0; index < Math.max(was.length, now.length); index++) {
    const [before, after] = [was[index], now[index]];
    if (isDeepStrictEqual(before, after)) continue;
    const where = differingField(before, after);
    return { act: index + 1, was: described(before, where), now: described(after, where) };
  }
  return undefined;
}

function described(act: Act | undefined, where: readonly string[]): string {
  if (act === undefined) return 'nothing';
  const name = 'name' in act ? ` '${act.name}'` : '';
  if (where.length === 0) return `${act.kind}${name}`;
  const value = JSON.stringify(valueAt(act, where)) ?? 'nothing';
  return `${act.kind}${name} with ${where.join('.')} = ${value.slice(0, 200)}`;
}

/** The path to the first field that differs; empty when the acts are not of one kind and name. */
function differingField(was: unknown, now: unknown): readonly string[] {
  if (!isObject(was) || !isObject(now) || was.kind !== now.kind || was.name !== now.name) return [];
  return pathTo(was, now);
}

function pathTo(was: unknown, now: unknown): readonly string[] {
  if (!isObject(was) || !isObject(now)) return [];
  const names = [...new Set([...Object.keys(was), ...Object.keys(now)])];
  const name = names.find((one) => !isDeepStrictEqual(was[one], now[one]));
  return name === undefined ? [] : [name, ...pathTo(was[name], now[name])];
}

function valueAt(value: unknown, where: readonly string[]): unknown {
  return where.reduce<unknown>((part, name) => (isObject(part) ? part[name] : undefined), value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** What changed, and what whoever changed it has to do now. `file`: `<version>/<orchestrator>/<path>.json`. */
export function explain(file: string, { episode, act, was, now }: Difference): string {
  const [version, orchestrator] = file.split('/');
  return [
    `Orchestrator '${orchestrator}', version ${version}, no longer follows the recorded history ${file}.`,
    `First difference: action ${act}, in episode ${episode}:`,
    `  recorded: ${was}`,
    `  now:      ${now}`,
    'Renewals with a history like this one may be running: on Azure they would silently go wrong after an update.',
    `Introduce a new version: raise defaultVersion in host.json above ${version}, put the new order behind`,
    'context.df.version, keep the old branch for the old version, and record the paths of the new one. A recorded history',
    'is never edited or removed. Not meant? Then mend the orchestrator. test/replay/README.md tells how.',
  ].join('\n');
}
