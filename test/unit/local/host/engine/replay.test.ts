import { describe, expect, it } from 'vitest';
import type { Action, Answer } from '../../../../../local/host/engine/answer.ts';
import { eventType as E, historyEvent } from '../../../../../local/host/engine/history.ts';
import { type Decision, replay, retryDelayMs } from '../../../../../local/host/engine/replay.ts';
import type { HistoryEvent } from '../../../../../local/host/types.ts';

const DAY = 86_400_000;
const START = Date.parse('2026-03-01T00:00:00Z');
const at = (days = 0): Date => new Date(START + days * DAY);

const activity = (name: string, input: unknown = null): Action => ({ kind: 'activity', name, input });
const timer = (days: number, cancelled = false): Action => ({ kind: 'timer', fireAt: at(days), cancelled });
const event = (name: string): Action => ({ kind: 'event', name });
const any = (...actions: Action[]): Action => ({ kind: 'any', actions });
const all = (...actions: Action[]): Action => ({ kind: 'all', actions });

const begun = [historyEvent(E.orchestratorStarted, at()), historyEvent(E.executionStarted, at(), { Name: 'story' })];
const started = (days: number): HistoryEvent => historyEvent(E.orchestratorStarted, at(days));
const scheduled = (id: number, name: string): HistoryEvent =>
  historyEvent(E.taskScheduled, at(), { EventId: id, Name: name });
const completed = (id: number): HistoryEvent =>
  historyEvent(E.taskCompleted, at(), { TaskScheduledId: id, Result: '1' });
const failed = (id: number): HistoryEvent => historyEvent(E.taskFailed, at(), { TaskScheduledId: id, Reason: 'no' });
const created = (id: number): HistoryEvent => historyEvent(E.timerCreated, at(), { EventId: id });
const fired = (id: number): HistoryEvent => historyEvent(E.timerFired, at(), { TimerId: id });
const raised = (name: string): HistoryEvent => historyEvent(E.eventRaised, at(), { Name: name, Input: '1' });

function decide(history: readonly HistoryEvent[], actions: readonly Action[], end: Partial<Answer> = {}): Decision {
  return replay({
    history: [...begun, ...history],
    answer: { actions, done: false, output: null, ...end },
    executionId: 'run',
    timers: { longestMs: 6 * DAY, segmentMs: 3 * DAY },
    objection: (_kind, name) => (name === 'missing' ? "The function 'missing' does not exist." : undefined),
  });
}

const workOf = (decision: Decision): unknown[] =>
  decision.work.map((work) =>
    work.kind === 'timer' ? [work.id, (work.fireAt.getTime() - START) / DAY] : [work.id, work.name],
  );

describe('sequence numbers', () => {
  const retry = { firstIntervalMs: DAY, attempts: 2, backoff: 1, longestIntervalMs: 9 * DAY };
  const retried: Action = { kind: 'activity', name: 'a', input: null, retry };
  const rows: [string, HistoryEvent[], Action[], unknown[]][] = [
    ['the first action alone is begun', [], [activity('a'), activity('b')], [[0, 'a']]],
    [
      'the next action begins when the one before is done',
      [scheduled(0, 'a'), completed(0)],
      [activity('a'), activity('b')],
      [[1, 'b']],
    ],
    ['a failed action is done too', [scheduled(0, 'a'), failed(0)], [activity('a'), activity('b')], [[1, 'b']]],
    [
      'compounds count depth first, left to right',
      [],
      [all(any(activity('a'), timer(1)), event('e'), activity('b'))],
      [
        [0, 'a'],
        [1, 1],
        [2, 'b'],
      ],
    ],
    ['waiting for events takes no number', [raised('E')], [event('e'), activity('a')], [[0, 'a']]],
    [
      'an event before its waiter is kept',
      [scheduled(0, 'a'), raised('e'), completed(0)],
      [activity('a'), event('e'), activity('b')],
      [[1, 'b']],
    ],
    [
      'the first of any lets the next begin',
      [scheduled(0, 'a'), created(1), completed(0)],
      [any(activity('a'), timer(1)), activity('b')],
      [[2, 'b']],
    ],
    [
      'all waits for the last, even after a failure',
      [scheduled(0, 'a'), scheduled(1, 'b'), failed(0)],
      [all(activity('a'), activity('b')), activity('c')],
      [],
    ],
    ['a retry counts its timer', [scheduled(0, 'a'), failed(0)], [retried], [[1, 1]]],
    ['a retry counts its next attempt', [scheduled(0, 'a'), failed(0), created(1), fired(1)], [retried], [[2, 'a']]],
    [
      'a timer follows the last attempt too',
      [scheduled(0, 'a'), failed(0), created(1), fired(1), scheduled(2, 'a'), failed(2)],
      [retried, activity('b')],
      [[3, 1]],
    ],
    [
      'a cancelled timer keeps its number',
      [created(0), raised('e')],
      [any(event('e'), timer(1, true)), activity('a')],
      [[1, 'a']],
    ],
    [
      'a timer made and cancelled at once is recorded',
      [raised('e')],
      [any(event('e'), timer(1, true)), activity('a')],
      [
        [0, 1],
        [1, 'a'],
      ],
    ],
    ['a timer of six days is one', [], [timer(6)], [[0, 6]]],
    ['a longer timer begins with a segment', [], [timer(30)], [[0, 3]]],
    ['a fired segment is followed by the next', [created(0), started(3), fired(0)], [timer(30)], [[1, 6]]],
    ['the last segment ends at the target', [created(0), started(29), fired(0)], [timer(30)], [[1, 30]]],
    [
      'a segment fired at the target is the last',
      [created(0), started(30), fired(0)],
      [timer(30), activity('a')],
      [[1, 'a']],
    ],
  ];
  it.each(rows)('%s', (_title, history, actions, work) => {
    const decision = decide(history, actions);
    expect(decision.state).toBe('waiting');
    expect(workOf(decision)).toEqual(work);
  });

  it('names a sub-orchestration after the execution and its number', () => {
    const decision = decide([], [all(timer(1), { kind: 'sub-orchestration', name: 'child', input: 1 })]);
    expect(decision.work[1]).toMatchObject({ id: 1, instanceId: 'run:1', name: 'child', input: 1 });
  });
});

describe('the end', () => {
  it('completes with the output', () => {
    expect(decide([scheduled(0, 'a'), completed(0)], [activity('a')], { done: true, output: 7 })).toMatchObject({
      state: 'completed',
      output: 7,
    });
  });

  it('stays open while a losing timer runs', () => {
    const history = [created(0), raised('e')];
    expect(decide(history, [any(event('e'), timer(1))], { done: true }).state).toBe('waiting');
    expect(decide([...history, fired(0)], [any(event('e'), timer(1))], { done: true }).state).toBe('completed');
    expect(decide(history, [any(event('e'), timer(1, true))], { done: true }).state).toBe('completed');
  });

  it('fails with what was thrown', () => {
    expect(decide([], [], { error: 'boom', failureDetails: { ErrorType: 'E' } })).toMatchObject({
      state: 'failed',
      error: 'boom',
      failureDetails: { ErrorType: 'E' },
    });
  });

  it('continues as new with the input', () => {
    expect(decide([], [{ kind: 'continue-as-new', input: { n: 2 } }], { done: true })).toMatchObject({
      state: 'continued',
      input: { n: 2 },
    });
  });

  it('tells of an event that the library does not take because of its case', () => {
    const misspellings = [{ awaited: 'Approved', raised: 'approved' }];
    expect(decide([raised('approved')], [event('Approved')])).toMatchObject({ misspellings });
    expect(decide([created(0), raised('approved'), fired(0)], [timer(1), event('Approved')])).toMatchObject({
      misspellings,
    });
  });
});

describe('refusals', () => {
  const rows: [string, HistoryEvent[], Action[], RegExp][] = [
    [
      'another name',
      [scheduled(0, 'a')],
      [activity('b')],
      /^Non-Deterministic workflow detected: .*activity 'a'.*number 0.*activity 'b'/,
    ],
    ['another kind', [scheduled(0, 'a')], [timer(1)], /^Non-Deterministic workflow detected: .*asks for a timer/],
    [
      'another order',
      [scheduled(0, 'a'), completed(0), scheduled(1, 'b')],
      [activity('b'), activity('a')],
      /^Non-Deterministic workflow/,
    ],
    ['a missing action', [scheduled(0, 'a'), completed(0), scheduled(1, 'b')], [activity('a')], /has not asked for it/],
    [
      'an action that is asked for later than before',
      [created(0), scheduled(1, 'b')],
      [timer(1), activity('b')],
      /has not asked for it/,
    ],
    [
      'a timer yielded twice',
      [created(0), scheduled(1, 'a'), completed(1)],
      [any(timer(1), activity('a')), any(timer(1), activity('b'))],
      /same timer was yielded in two/,
    ],
    [
      'an activity yielded twice',
      [scheduled(0, 'a'), raised('e')],
      [any(activity('a', 1), event('e')), any(activity('a', 1), event('f'))],
      /same activity 'a'/,
    ],
    [
      'the fired segment of a cancelled long timer',
      [created(0), raised('e'), started(3), fired(0)],
      [any(event('e'), timer(30, true)), event('f')],
      /Wait in a loop/,
    ],
    ['an unknown function', [], [activity('missing')], /'missing' does not exist/],
    ['what the local host lacks', [], [{ kind: 'refused', reason: 'callHttp: none here' }], /callHttp/],
  ];
  it.each(rows)('%s fails the instance', (_title, history, actions, message) => {
    const decision = decide(history, actions);
    expect(decision.state).toBe('failed');
    expect(decision.state === 'failed' && decision.error).toMatch(message);
  });

  it('lets an event be awaited again, and equal work be asked for again once the first is done', () => {
    const history = [created(0), fired(0), created(1)];
    const again = [any(event('e'), timer(0)), any(event('e'), timer(0))];
    expect(decide(history, again).state).toBe('waiting');
  });
});

describe('retryDelayMs', () => {
  it.each([
    [1, 100],
    [2, 200],
    [3, 400],
    [4, 500],
  ])('after failed attempt %i waits %i ms', (attempt, delay) => {
    const retry = { firstIntervalMs: 100, attempts: 9, backoff: 2, longestIntervalMs: 500 };
    expect(retryDelayMs(retry, attempt)).toBe(delay);
  });
});
