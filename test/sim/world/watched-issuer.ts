import { RenewalError } from '../../../src/errors.ts';
import type { Issuer } from '../../../src/issuers/port.ts';
import type { World } from './world.ts';

/** A real issuer over the wire, with what the invariants see of it. What goes wrong there goes wrong on the wire or behind it. */
export function watched(world: World, issuer: Issuer): Issuer {
  /** Whoever says when to come back is to be obeyed, whether it is an answer or a refusal to answer. */
  const heard = async <T>(renewalId: string, asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (error) {
      const seconds = error instanceof RenewalError ? error.retryAfterSeconds : undefined;
      if (seconds !== undefined) world.see('putOff', renewalId, seconds);
      throw error;
    }
  };
  return {
    ...issuer,
    async submit(request) {
      world.see('asked', request.renewalId);
      return heard(request.renewalId, issuer.submit(request));
    },
    async poll(order) {
      const renewalId = world.renewalOfOrder.get(order.reference) ?? '';
      world.see('asked', renewalId, order.reference);
      const status = await heard(renewalId, issuer.poll(order));
      if (status.state === 'pending') world.see('putOff', renewalId, status.retryAfterSeconds);
      return status;
    },
  };
}
