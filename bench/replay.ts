import * as df from 'durable-functions';
import { parseAnswer } from '../local/host/engine/answer.ts';
import { eventType, historyEvent } from '../local/host/engine/history.ts';
import { replay } from '../local/host/engine/replay.ts';
import { orchestratorInput, timerLimits } from '../local/host/hub/episode.ts';
import { newInstance } from '../local/host/hub/instance.ts';
import type { HistoryEvent } from '../local/host/types.ts';
import { createRegistry, installCoreModule } from '../local/host/worker/core-module.ts';
import { runInvocation } from '../local/host/worker/invocation.ts';
import { figureOf, type Report } from './figure.ts';

const SIZES = [10, 50, 100, 500, 1000, 5000] as const;
const ROUNDS = 5;
/** Repeats of a size within a round add up to this many events, so that every size is measured as long. */
const EVENTS_A_ROUND = 20_000;
/** Below this the fixed cost of a call is most of it. */
const SMALL = 500;
const EVENTS_A_STEP = 4;

type Scope = Parameters<typeof runInvocation>[0];

/** What one more episode costs when the history is already so long: trigger's text, library, and the host's own check. */
export async function benchReplay(): Promise<Report> {
  const scope = scopeOf();
  const lives = SIZES.map((events) => ({ events, history: historyOf(events), micros: [] as number[] }));
  for (const { history } of lives) await episode(scope, history);
  for (let round = 0; round < ROUNDS; round++) {
    for (const { events, history, micros } of lives) {
      const repeats = Math.max(2, Math.round(EVENTS_A_ROUND / events));
      const begun = performance.now();
      for (let repeat = 0; repeat < repeats; repeat++) await episode(scope, history);
      micros.push(((performance.now() - begun) * 1000) / repeats / history.length);
    }
  }
  const of = (size: number): readonly number[] => lives.find(({ events }) => events === size)?.micros ?? [];
  const growth = of(5000).map((micros, round) => micros / (of(SMALL)[round] ?? 1));
  return {
    bench: 'replay: one episode of the durable library and of the host, by the length of its history',
    figures: [
      figureOf(`an event at 5,000 events against one at ${SMALL}`, '', growth, { atMost: 2 }),
      ...lives.map(({ events, micros }) => figureOf(`at ${events} events`, 'us/event', micros)),
    ],
  };
}

function scopeOf(): Scope {
  const registry = createRegistry(() => undefined);
  installCoreModule(registry);
  df.app.orchestration('long', function* (context) {
    for (let step = 0; ; step++) yield context.df.callActivity('step', { step, text: 'x'.repeat(200) });
  });
  return { registry, appHookData: {}, log: () => undefined };
}

/** As many episodes as make so many events, each the end of one step and the beginning of the next. */
function historyOf(events: number): readonly HistoryEvent[] {
  const at = new Date('2026-03-01T00:00:00Z');
  const history: HistoryEvent[] = [historyEvent(eventType.orchestratorStarted, at), started(at)];
  for (let step = 0; history.length + EVENTS_A_STEP <= Math.max(events, 8); step++) {
    const Input = JSON.stringify([{ step, text: 'x'.repeat(200) }]);
    const Result = JSON.stringify({ state: 'done', value: 'y'.repeat(200) });
    history.push(
      historyEvent(eventType.taskScheduled, at, { EventId: step, Name: 'step', Input }),
      historyEvent(eventType.orchestratorCompleted, at),
      historyEvent(eventType.orchestratorStarted, at),
      historyEvent(eventType.taskCompleted, at, { TaskScheduledId: step, Result }),
    );
  }
  return history;
}

function started(at: Date): HistoryEvent {
  const OrchestrationInstance = { InstanceId: 'one', ExecutionId: 'run' };
  return historyEvent(eventType.executionStarted, at, {
    Name: 'long',
    Version: '1.0',
    Input: 'null',
    OrchestrationInstance,
  });
}

async function episode(scope: Scope, history: readonly HistoryEvent[]): Promise<void> {
  const at = new Date('2026-03-01T00:00:00Z');
  const made = newInstance({
    ...{ id: 'one', executionId: 'run', name: 'long', version: '1.0', inputJson: 'null', parent: undefined, at },
  });
  const fresh = history.slice(-2);
  const instance = { ...made, history: history.slice(0, -2), sequence: 0, open: new Map() };
  const asked = { instanceId: 'one', executionId: 'run', at, messages: 1, events: fresh };
  const [trigger = ''] = Object.keys(scope.registry.functions.get('long')?.metadata.bindings ?? {});
  const inputs = { [trigger]: { string: orchestratorInput(instance, asked) } };
  const result = await runInvocation(scope, { functionName: 'long', inputs });
  if (result.state === 'lost') throw new TypeError('bench: nothing is lost within a process');
  const parsed = parseAnswer(result);
  if (parsed.state === 'broken') throw new TypeError(`bench: ${parsed.reason}`);
  const { answer } = parsed;
  const decision = replay({ history, answer, executionId: 'run', timers: timerLimits, objection: () => undefined });
  if (decision.state !== 'waiting' || decision.work.length !== 1) throw new TypeError(`bench: ${decision.state}`);
}
