import type { Breaker } from './breaker.ts';
import type { Issuer } from './port.ts';

/**
 * The issuer, whose calls go through the breaker: what it can do stays as it was. Renewal windows are asked for past it: they come
 * from a place of their own at most CAs, the plan does without them, and the sweep that asks has its own bounds.
 */
export function guarded(issuer: Issuer, breaker: Breaker): Issuer {
  const cancel = issuer.cancel?.bind(issuer);
  const revoke = issuer.revoke?.bind(issuer);
  return {
    ...issuer,
    submit: (request) => breaker.run(() => issuer.submit(request)),
    poll: (order) => breaker.run(() => issuer.poll(order)),
    ...(cancel && { cancel: (order) => breaker.run(() => cancel(order)) }),
    ...(revoke && { revoke: (request) => breaker.run(() => revoke(request)) }),
  };
}
