import { expect, test } from 'vitest';
import { publicHistory } from '../../../../../local/host/http/durable-history.ts';

const at = (second: number) => ({ IsPlayed: true, Timestamp: `2026-01-01T00:00:0${second}Z` });
const history = [
  { EventType: 12, EventId: -1, ...at(0) },
  { EventType: 0, EventId: -1, Name: 'story', Input: '1', ...at(0) },
  { EventType: 4, EventId: 0, Name: 'step', Input: '2', ...at(1) },
  { EventType: 4, EventId: 1, Name: 'other', Input: '3', ...at(1) },
  { EventType: 13, EventId: -1, ...at(1) },
  { EventType: 5, EventId: -1, TaskScheduledId: 0, Result: '4', ...at(2) },
  { EventType: 15, EventId: -1, Name: 'go', Input: '5', ...at(3) },
];

test('joins a scheduling with its end and drops the marks of episodes', () => {
  expect(publicHistory(history, false)).toEqual([
    { EventType: 'ExecutionStarted', Timestamp: '2026-01-01T00:00:00Z', FunctionName: 'story' },
    { EventType: 'TaskScheduled', Timestamp: '2026-01-01T00:00:01Z', FunctionName: 'other' },
    {
      EventType: 'TaskCompleted',
      Timestamp: '2026-01-01T00:00:02Z',
      ScheduledTime: '2026-01-01T00:00:01Z',
      FunctionName: 'step',
    },
    { EventType: 'EventRaised', Timestamp: '2026-01-01T00:00:03Z', Name: 'go' },
  ]);
});

test('shows inputs and results when asked to', () => {
  expect(publicHistory(history, true)[2]).toMatchObject({ Result: '4' });
});
