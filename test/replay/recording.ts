import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseAnswer } from '../../local/host/engine/answer.ts';
import { eventType, textField } from '../../local/host/engine/history.ts';
import type { HistoryEvent, InvocationResult } from '../../local/host/types.ts';
import type { OrchestratorName } from './app.ts';
import type { OrchestratorCall } from './bench.ts';

export const HISTORIES = join(import.meta.dirname, 'histories');

/** How an execution ended. An instance that continues as new has several executions, each with a history of its own. */
export type End =
  | { readonly state: 'completed'; readonly output: unknown }
  | { readonly state: 'continued'; readonly input: unknown }
  | { readonly state: 'failed'; readonly error: string };

/** The error of an execution that has not ended, and so is none to record. */
export const unfinished = 'it has not ended';

/** One execution of an orchestrator, from its start to its end, as it was lived once. */
export interface Recording {
  readonly orchestrator: OrchestratorName;
  readonly path: string;
  /** What happens on this path, in a sentence. */
  readonly tells: string;
  readonly instanceId: string;
  readonly parentInstanceId: string | null;
  readonly input: unknown;
  readonly history: readonly HistoryEvent[];
  readonly end: End;
}

interface TriggerText extends Pick<Recording, 'instanceId' | 'parentInstanceId' | 'input' | 'history'> {}

/** The executions among the calls of one life, in the order in which they began. */
export function recordingsOf(
  calls: readonly OrchestratorCall[],
  about: Pick<Recording, 'path' | 'tells'>,
): readonly Recording[] {
  const last = new Map<string, Recording>();
  for (const { orchestrator, input: text, result } of calls) {
    const trigger = JSON.parse(text) as TriggerText;
    const { instanceId, parentInstanceId, input } = trigger;
    const history = trigger.history.map((event) => ({ ...event, IsPlayed: true }));
    const end = endOf(result);
    const name = orchestrator as OrchestratorName;
    const recording = { orchestrator: name, ...about, instanceId, parentInstanceId, input, history };
    // An execution that has not ended is told again, longer, by its next call.
    last.set(executionId(history), { ...recording, end: end ?? { state: 'failed', error: unfinished } });
  }
  return [...last.values()];
}

function endOf(result: InvocationResult): End | undefined {
  if (result.state === 'lost') return undefined;
  const parsed = parseAnswer(result);
  if (parsed.state === 'broken') return { state: 'failed', error: parsed.reason };
  const { actions, done, output, error } = parsed.answer;
  if (error !== undefined) return { state: 'failed', error };
  const continued = actions.find((action) => action.kind === 'continue-as-new');
  if (continued !== undefined) return { state: 'continued', input: continued.input };
  return done ? { state: 'completed', output } : undefined;
}

function executionId(history: readonly HistoryEvent[]): string {
  const instance = startOf(history).OrchestrationInstance as { readonly ExecutionId: string };
  return instance.ExecutionId;
}

/** The event with which the execution began. */
export function startOf(history: readonly HistoryEvent[]): HistoryEvent {
  const started = history.find((event) => event.EventType === eventType.executionStarted);
  if (started === undefined) throw new TypeError('a history without ExecutionStarted');
  return started;
}

/** A path's recordings by file name; a new orchestration version has a folder of its own. Of an instance with more than two executions the first and the last are enough. */
export function namedRecordings(recordings: readonly Recording[]): ReadonlyMap<string, Recording> {
  const kept = recordings.filter((one) => {
    const executions = recordings.filter(({ instanceId }) => instanceId === one.instanceId);
    return one === executions.at(0) || one === executions.at(-1);
  });
  return new Map(kept.map((one) => [fileOf(one, kept), one]));
}

function fileOf(one: Recording, all: readonly Recording[]): string {
  const { orchestrator, path, history } = one;
  const alike = all.filter((other) => other.orchestrator === orchestrator);
  const number = alike.length === 1 ? '' : `-${alike.indexOf(one) + 1}`;
  return `${textField(startOf(history), 'Version')}/${orchestrator}/${path}${number}.json`;
}

/** Writes a recording that is not there yet; one that is there stays as it is, whatever happens today. */
export function addRecording(file: string, recording: Recording): 'added' | 'kept' {
  const path = join(HISTORIES, file);
  if (existsSync(path)) return 'kept';
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, textOf(recording), { flag: 'wx' });
  return 'added';
}

/** An event a line, so that a person can read it. */
function textOf(recording: Recording): string {
  const { history, end, ...head } = recording;
  const fields = Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`);
  const events = history.map((event) => `    ${JSON.stringify(event)}`).join(',\n');
  const tail = [`  "end": ${JSON.stringify(end)},`, `  "seal": ${JSON.stringify(sealOf(recording))}`];
  return ['{', ...fields, '  "history": [', events, '  ],', ...tail, '}', ''].join('\n');
}

export interface ReadRecording {
  /** Below the folder of the histories. */
  readonly file: string;
  readonly recording: Recording;
  /** False when somebody edited the file. */
  readonly sealed: boolean;
}

export function readRecordings(): readonly ReadRecording[] {
  return readdirSync(HISTORIES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const { seal, ...recording } = JSON.parse(readFileSync(join(HISTORIES, file), 'utf8')) as Recording & {
        readonly seal: string;
      };
      return { file: relative(HISTORIES, join(HISTORIES, file)), recording, sealed: seal === sealOf(recording) };
    });
}

/** A seal keeps nobody from forging a history, but from mending one without noticing what that means. */
export function sealOf({ orchestrator, path, input, history, end }: Recording): string {
  const sealed = JSON.stringify([orchestrator, path, input, history, end]);
  return createHash('sha256').update(sealed).digest('hex');
}
