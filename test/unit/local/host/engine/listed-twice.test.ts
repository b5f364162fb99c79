import { describe, expect, it } from 'vitest';
import { taskListedTwice } from '../../../../../local/host/engine/listed-twice.ts';

const timer = { actionType: 5 };
const event = { actionType: 6, externalEventName: 'e' };
const any = (...compoundActions: object[]): object => ({ actionType: 11, compoundActions });

describe('taskListedTwice', () => {
  it('explains one object in two compounds', () => {
    expect(taskListedTwice({ actions: [[any(timer, event), any(timer)]] })).toContain('same timer');
  });

  it('explains one object twice in one compound', () => {
    const call = { actionType: 0, functionName: 'pay' };
    expect(taskListedTwice({ actions: [[any(call, call)]] })).toContain("same activity 'pay'");
  });

  it.each([
    ['equal tasks', { actions: [[any({ ...timer }), any({ ...timer })]] }],
    ['an event awaited again', { actions: [[any(event), any(event)]] }],
    ['another kind of answer', 'text'],
  ])('accepts %s', (_title, answer) => {
    expect(taskListedTwice(answer)).toBeUndefined();
  });
});
