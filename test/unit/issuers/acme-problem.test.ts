import { describe, expect, it } from 'vitest';
import { problemOf, throwUnlessRefusal } from '../../../src/issuers/acme-problem.ts';

const whole = JSON.stringify({
  type: 'urn:ietf:params:acme:error:badNonce',
  detail: 'JWS has an invalid anti-replay nonce',
});

const told = (status: number, text: string): (() => void) => {
  const problem = problemOf({ status, text, retryAfterSeconds: 60 });
  return () => throwUnlessRefusal('POST /order', problem);
};

describe('an answer that is a problem', () => {
  it.each([
    ['half a document', 400, whole.slice(0, whole.length >> 1)],
    ['the page of a gateway', 403, '<html>Forbidden</html>'],
  ])('is no refusal when it is %s', (_, status, text) => {
    expect(told(status, text)).toThrow(expect.objectContaining({ code: 'issuer-unreachable', retry: true }));
  });

  it('is a refusal when it is a whole document that speaks of the order, or none at all', () => {
    expect(told(403, '{"type":"urn:ietf:params:acme:error:rejectedIdentifier"}')).not.toThrow();
    expect(told(404, '')).not.toThrow();
  });

  it('asks for patience by its status alone', () => {
    expect(told(429, '<html>Slow down</html>')).toThrow(
      expect.objectContaining({ code: 'issuer-throttled', retryAfterSeconds: 60 }),
    );
  });
});
