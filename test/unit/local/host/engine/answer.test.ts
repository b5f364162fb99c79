import { describe, expect, it } from 'vitest';
import { parseAnswer } from '../../../../../local/host/engine/answer.ts';
import type { InvocationResult } from '../../../../../local/host/types.ts';

const succeeded = (value: unknown): Exclude<InvocationResult, { state: 'lost' }> => ({
  state: 'succeeded',
  returnValue: { json: JSON.stringify(value) },
  outputs: {},
});
const thrown = (message: string): Exclude<InvocationResult, { state: 'lost' }> => ({ state: 'failed', message });

describe('parseAnswer', () => {
  it('reads actions, output and custom status', () => {
    const actions = [
      [
        { actionType: 0, functionName: 'a', input: 1 },
        { actionType: 12, compoundActions: [{ actionType: 6, externalEventName: 'e' }] },
      ],
    ];
    expect(parseAnswer(succeeded({ isDone: true, actions, output: 5, customStatus: 'half' }))).toEqual({
      state: 'answered',
      answer: {
        actions: [
          { kind: 'activity', name: 'a', input: 1 },
          { kind: 'all', actions: [{ kind: 'event', name: 'e' }] },
        ],
        done: true,
        output: 5,
        customStatus: 'half',
      },
    });
  });

  it('reads a thrown failure behind its mark, a stack or none after it', () => {
    const state = JSON.stringify({ isDone: false, actions: [[]], error: 'boom', failureDetails: { ErrorType: 'E' } });
    for (const stack of ['', '\nStack: at somewhere']) {
      expect(parseAnswer(thrown(`false\n\n$OutOfProcData$:${state}${stack}`))).toMatchObject({
        answer: { error: 'boom', failureDetails: { ErrorType: 'E' } },
      });
    }
  });

  it('takes a thrown error without a message for a failure', () => {
    const state = JSON.stringify({ isDone: false, actions: [[]] });
    expect(parseAnswer(thrown(`false\n\n$OutOfProcData$:${state}`))).toMatchObject({
      answer: { error: expect.stringContaining('without a message') },
    });
  });

  it.each([
    ['a message without the mark', thrown('no such thing'), 'no such thing'],
    ['text', succeeded('done'), 'valid JSON schema'],
    ['an answer of the first schema', succeeded({ isDone: false, actions: [[], []] }), 'one list'],
  ])('calls %s broken', (_title, result, reason) => {
    expect(parseAnswer(result)).toMatchObject({ state: 'broken', reason: expect.stringContaining(reason) });
  });

  it.each([
    [{ actionType: 8 }, 'callHttp'],
    [{ actionType: 7 }, 'callEntity'],
    [{ actionType: 1, retryOptions: { maxNumberOfAttempts: 2, retryTimeoutInMilliseconds: 5 } }, 'retryTimeout'],
    [{ actionType: 1, retryOptions: { maxNumberOfAttempts: 0 } }, 'at least 1'],
    [{ actionType: 99 }, 'unknown type 99'],
  ])('refuses %j', (action, reason) => {
    expect(parseAnswer(succeeded({ isDone: false, actions: [[action]] }))).toMatchObject({
      answer: { actions: [{ kind: 'refused', reason: expect.stringContaining(reason) }] },
    });
  });
});
