import { describe, expect, it } from 'vitest';
import { eventType as E, historyEvent } from '../../../../../local/host/engine/history.ts';
import { rewoundHistory } from '../../../../../local/host/hub/rewind.ts';
import type { HistoryEvent } from '../../../../../local/host/types.ts';

const at = new Date('2026-03-01T00:00:00Z');
const names = Object.fromEntries(Object.entries(E).map(([name, type]) => [type, name]));

/** `taskScheduled 0`: an event and the sequence number of its work. */
function read(text: string): HistoryEvent {
  const [name = '', id = '-1'] = text.split(' ');
  const type = E[name as keyof typeof E];
  const number = Number(id);
  const schedules = name.endsWith('Scheduled') || name.endsWith('Created');
  const fields = schedules ? { EventId: number } : { TaskScheduledId: number, TimerId: number };
  return historyEvent(type, at, number < 0 ? {} : fields);
}

function write(event: HistoryEvent): string {
  const id = event.EventId >= 0 ? event.EventId : (event.TaskScheduledId ?? '');
  return `${names[event.EventType]} ${id}`.trim();
}

const first = ['orchestratorStarted', 'executionStarted', 'taskScheduled 0', 'orchestratorCompleted'];
const end = ['executionCompleted', 'orchestratorCompleted'];

describe('rewoundHistory', () => {
  it.each([
    [
      'opens the failed activity',
      ['orchestratorStarted', 'taskFailed 0', ...end],
      ['orchestratorStarted', 'orchestratorCompleted'],
    ],
    [
      'forgets the timer of a retry, and keeps the attempts before the last',
      [
        'orchestratorStarted',
        'taskFailed 0',
        'timerCreated 1',
        'orchestratorCompleted',
        'orchestratorStarted',
        'timerFired 1',
        'taskScheduled 2',
        'orchestratorCompleted',
        'taskFailed 2',
        'timerCreated 3',
        'timerFired 3',
        ...end,
      ],
      [
        'orchestratorStarted',
        'taskFailed 0',
        'timerCreated 1',
        'orchestratorCompleted',
        'orchestratorStarted',
        'timerFired 1',
        'taskScheduled 2',
        'orchestratorCompleted',
        'orchestratorCompleted',
      ],
    ],
    [
      'forgets what was done because of the failure',
      ['orchestratorStarted', 'taskFailed 0', 'taskScheduled 1', 'orchestratorCompleted', 'taskCompleted 1', ...end],
      ['orchestratorStarted', 'orchestratorCompleted', 'orchestratorCompleted'],
    ],
    [
      'only takes the end away when nothing failed',
      ['orchestratorStarted', 'taskCompleted 0', ...end],
      ['orchestratorStarted', 'taskCompleted 0', 'orchestratorCompleted'],
    ],
  ])('%s', (_title, events, left) => {
    const rewound = rewoundHistory([...first, ...events].map(read));
    expect(rewound.map(write)).toEqual([...first, ...left]);
  });
});
