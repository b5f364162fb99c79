import { describe, expect, it } from 'vitest';
import { callProblem, callProblems, errorProblem, problemDocument, refusal } from '../../../src/api/problems.ts';
import { type ErrorCode, errorCodes, RenewalError } from '../../../src/errors.ts';

const codes = Object.keys(errorCodes) as ErrorCode[];

/** The app cannot serve anybody until a person has mended it; the call itself was fine. */
const misconfigured: readonly ErrorCode[] = ['settings-invalid', 'estate-invalid'];

describe('errorProblem', () => {
  it.each(codes)('answers %s with its meaning, and with Retry-After exactly when trying again may help', (code) => {
    const { problem, retryAfterSeconds } = errorProblem(new RenewalError(code, `x: failed: vault=shop`));
    expect(problemDocument.parse(problem)).toMatchObject({ code, title: errorCodes[code].meaning });
    expect(problem.status === 503).toBe(errorCodes[code].retry || misconfigured.includes(code));
    expect(retryAfterSeconds !== undefined).toBe(errorCodes[code].retry);
  });

  it('says what failed and when to come back', () => {
    const error = new RenewalError('vault-throttled', 'key-vault: inspect failed: vault=shop', {
      retryAfterSeconds: 6.2,
    });
    expect(errorProblem(error)).toEqual({
      problem: {
        type: 'urn:perennial:problem:vault-throttled',
        title: errorCodes['vault-throttled'].meaning,
        status: 503,
        detail: 'key-vault: inspect failed: vault=shop',
        code: 'vault-throttled',
      },
      retryAfterSeconds: 7,
    });
  });

  const hidden = [
    [new TypeError('cannot read x of undefined'), 500],
    [new RenewalError('bug', 'secret place'), 500],
    [new RenewalError('settings-invalid', 'PERENNIAL_ESTATE is missing'), 503],
    ['a thrown text', 500],
  ] as const;
  it.each(hidden)('tells nothing of its inside (%#)', (error, status) => {
    const { problem } = errorProblem(error);
    expect(problem).toMatchObject({ status, detail: 'The log of the app says more.' });
  });

  it('cuts a message to its first line', () => {
    const { problem } = errorProblem(new RenewalError('arm-refused', `${'x'.repeat(400)}\n    at place`));
    expect(problem.detail).toBe('x'.repeat(300));
  });
});

describe('refusal', () => {
  it.each([
    ['vault-outside-estate', 404],
    ['not-in-estate', 404],
    ['gone', 404],
    ['foreign-pending', 409],
    ['disabled', 409],
  ] as const)('answers %s with %d', (reason, status) => {
    expect(refusal(reason, 'A sentence.')).toMatchObject({ status, code: reason, detail: 'A sentence.' });
  });

  it('names the renewal it is about', () => {
    expect(refusal('gone', 'x', 'urn:perennial:renewal:a').instance).toBe('urn:perennial:renewal:a');
  });
});

describe('callProblem', () => {
  it.each(Object.entries(callProblems))('answers %s with its status', (code, { status, meaning }) => {
    const problem = callProblem(code as keyof typeof callProblems, 'x');
    expect(problemDocument.parse(problem)).toEqual({
      type: `urn:perennial:problem:${code}`,
      title: meaning,
      status,
      detail: 'x',
      code,
    });
  });
});
