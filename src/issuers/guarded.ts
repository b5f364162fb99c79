import type { Breaker } from './breaker.ts';
import type { Issuer } from './port.ts';

/** The issuer, every call of which goes through the breaker: what it can do stays as it was. */
export function guarded(issuer: Issuer, breaker: Breaker): Issuer {
  const cancel = issuer.cancel?.bind(issuer);
  const revoke = issuer.revoke?.bind(issuer);
  const renewalWindow = issuer.renewalWindow?.bind(issuer);
  return {
    ...issuer,
    submit: (request) => breaker.run(() => issuer.submit(request)),
    poll: (order) => breaker.run(() => issuer.poll(order)),
    ...(cancel && { cancel: (order) => breaker.run(() => cancel(order)) }),
    ...(revoke && { revoke: (request) => breaker.run(() => revoke(request)) }),
    ...(renewalWindow && { renewalWindow: (certificate) => breaker.run(() => renewalWindow(certificate)) }),
  };
}
