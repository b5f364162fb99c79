import { describe, expect, it } from 'vitest';
import { activityFailure } from '../../../../../local/host/hub/failure.ts';

describe('activityFailure', () => {
  it('carries message and stack', () => {
    expect(activityFailure('pay', 'no luck', 'at pay')).toEqual({
      reason: "Activity function 'pay' failed: no luck",
      details: 'at pay',
    });
  });

  it('makes failure details of a structured error, inner ones too', () => {
    const inner = { errorType: 'Inner', errorMessage: 'deep' };
    const message = JSON.stringify({
      errorType: 'Outer',
      errorMessage: 'top',
      properties: { n: 1 },
      innerFailure: inner,
    });
    expect(activityFailure('pay', message, undefined)).toMatchObject({
      reason: "Activity function 'pay' failed: top",
      failureDetails: {
        ErrorType: 'Outer',
        ErrorMessage: 'top',
        IsNonRetriable: false,
        Properties: { n: 1 },
        InnerFailure: { ErrorType: 'Inner', ErrorMessage: 'deep', InnerFailure: null },
      },
    });
  });

  it.each(['{not json', '{"other":1}', '[]'])('takes %j for plain text', (message) => {
    expect(activityFailure('pay', message, undefined)).not.toHaveProperty('failureDetails');
  });
});
