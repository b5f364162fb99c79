import { z } from 'zod';
import { type RelayedOrder, relayedStates } from '../estate/relayed-order.ts';
import { namesOf } from '../issuers/relayed.ts';
import { moment } from './words.ts';

const orderLinks = z
  .object({ csr: z.string(), chain: z.string(), reject: z.string() })
  .meta({ id: 'OrderLinks', description: 'Where the CSR is, where the chain goes, and where the order is rejected.' });

/** An order that waits for a person, a webhook or a worker. */
export const orderView = z
  .object({
    reference: z.string(),
    state: z.enum(relayedStates),
    issuer: z.string(),
    kind: z.string().meta({ description: 'Kind of the issuer; empty when it has left the estate file.' }),
    renewalId: z.string(),
    names: z.array(z.string()).meta({ description: 'What the certificate has to be for.' }),
    validityDays: z.int(),
    createdAt: moment,
    expiresAt: moment.meta({ description: 'A later answer is not taken.' }),
    requestId: z
      .string()
      .optional()
      .meta({ description: "The CA's number of the request, once a worker has told it." }),
    reason: z.string().optional().meta({ description: 'Why it was rejected or closed.' }),
    links: orderLinks,
  })
  .meta({ id: 'Order' });

export const orderList = z.object({ orders: z.array(orderView) }).meta({ id: 'OrderList' });

export type OrderView = Readonly<z.infer<typeof orderView>>;

/** `base` is where the caller reaches the app, without a trailing slash. */
export function viewOfOrder(order: RelayedOrder, kind: string, base: string): OrderView {
  const { reference, state, issuer, renewalId, validityDays, createdAt, expiresAt, requestId, reason } = order;
  const self = `${base}/api/orders/${reference}`;
  return {
    ...{ reference, state, issuer, kind, renewalId, names: [...namesOf(order)], validityDays, createdAt, expiresAt },
    ...(requestId !== undefined && { requestId }),
    ...(reason !== undefined && { reason }),
    links: { csr: `${self}/csr`, chain: `${self}/chain`, reject: `${self}/reject` },
  };
}
