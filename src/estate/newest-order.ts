import type { OrderRow } from './port.ts';

/** The order made last; of two made at the same moment the one with the greater id, so that all stores agree. */
export function newestOrder(orders: readonly OrderRow[]): OrderRow | undefined {
  const age = (order: OrderRow): string => `${order.createdAt}|${order.renewalId}`;
  return orders.reduce<OrderRow | undefined>((a, b) => (a === undefined || age(a) < age(b) ? b : a), undefined);
}
