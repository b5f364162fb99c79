import type { HttpClient } from '@azure/core-rest-pipeline';
import type { AddressRule } from '../address.ts';
import type { RelayedOrder } from '../estate/relayed-order.ts';
import type { WebhookPlan } from '../plan/issuers/webhook.ts';
import type { Credential } from './credential.ts';
import { createIssuerHttp } from './http.ts';
import type { CancelResult, Issuer, Order, OrderRequest, OrderStatus } from './port.ts';
import { asIssuer, createRelayedOrders, type RelayedDependencies, type RelayedOrders } from './relayed.ts';
import { createWebhookCalls, type WebhookCalls } from './webhook-calls.ts';

export const kind = 'webhook';

/** What can be set, and what it means. */
export const settings: Readonly<Record<Exclude<keyof WebhookPlan, 'kind'>, string>> = {
  url: 'https URL that takes orders by a signed POST.',
  secret:
    'Id of the secret in Key Vault that both sides sign with: `whsec_` and base64, or a text of 24 bytes or more. Several, apart by white space, while one takes the place of another.',
  keyId: 'Sent as `webhook-key-id`, so that a receiver knows which of its secrets it is.',
  statusUrl:
    'Where an order is asked for at each poll; `{reference}` stands for it. Absent: the answer comes by callback alone.',
  cancelUrl:
    'Takes the word that an order is not wanted any more. Absent: the order is closed here, and nobody is told.',
  trust: "PEM certificates that vouch for the webhook's host; none: the public authorities.",
  private: 'false for a CA that everybody trusts; true when it is left out.',
  pollSeconds: 'How often it is looked whether an answer has come; 300 when it is left out.',
  answerDays: 'How many days an answer is waited for; 30 when it is left out.',
  chain: 'PEM certificates between leaf and root, for an answer that leaves them out.',
  roots: 'PEM certificates of the roots that a chain must end at.',
  limits: 'The longest life in days, the key types, and the DNS suffixes that it may be asked for.',
};

export interface WebhookDependencies extends RelayedDependencies {
  /** What both sides sign with. */
  readonly credential: Credential;
  /** Where callers reach the app, without a slash at the end; absent: nobody knows. */
  readonly publicUrl?: string | undefined;
  readonly mayConnect: AddressRule;
  readonly httpClient?: HttpClient;
}

/**
 * A signed POST carries the CSR to whatever stands before a CA; the chain comes back by a signed callback, or is found at
 * the order's own URL. The order is a row before it is sent, and is sent again under the same id until it was taken: a
 * receiver that knows the id again never orders twice.
 */
export function create(plan: WebhookPlan, dependencies: WebhookDependencies): Issuer {
  const orders = createRelayedOrders(plan, dependencies);
  const http = createIssuerHttp({ ...dependencies, issuer: kind, trust: plan.trust });
  const calls = createWebhookCalls({ ...dependencies, plan, http });
  return {
    kind,
    afterLostAnswer: 'same-order',
    capabilities: ['cancel'],
    isPrivate: plan.private,
    submit: (request) => asIssuer('webhook: submit', request.renewalId, () => submit(orders, calls, request)),
    poll: ({ reference }) => asIssuer('webhook: poll', reference, () => poll(orders, calls, reference)),
    cancel: (order) => asIssuer('webhook: cancel', order.reference, () => cancel(orders, calls, order)),
  };
}

async function submit(
  orders: RelayedOrders,
  calls: WebhookCalls,
  request: OrderRequest,
): Promise<Order | Extract<OrderStatus, { state: 'rejected' }>> {
  const placed = await orders.place(request);
  if ('state' in placed) return placed;
  const { reference, state, sentAt, reason = state } = placed.row;
  if (state === 'rejected' || state === 'closed') return { state: 'rejected', reason };
  if (state === 'issued' || sentAt !== undefined) return { reference };
  const sent = await calls.place(placed.row);
  await saveUnlessAnswered(orders, { ...placed.row, ...sent }, placed.etag);
  return 'state' in sent ? { state: 'rejected', reason: sent.reason } : { reference };
}

/** Some call back before they answer: what they said then stands. */
async function saveUnlessAnswered(orders: RelayedOrders, order: RelayedOrder, etag: string): Promise<void> {
  try {
    await orders.save(order, etag);
  } catch (error) {
    const now = await orders.find(order.reference);
    if (now === undefined || now.row.state === 'waiting') throw error;
  }
}

async function poll(orders: RelayedOrders, calls: WebhookCalls, reference: string): Promise<OrderStatus> {
  const status = await orders.look(reference);
  const found = await orders.find(reference);
  if (status.state !== 'pending' || found === undefined) return status;
  const answer = await calls.ask(found.row);
  switch (answer.state) {
    case 'pending':
      return { state: 'pending', retryAfterSeconds: answer.retryAfterSeconds ?? status.retryAfterSeconds };
    case 'issued':
    case 'rejected':
      await orders.save({ ...found.row, ...answer }, found.etag);
      return answer;
    case 'too-large':
      return { state: 'issued', chain: answer.chain };
    default:
      return answer satisfies never;
  }
}

/** Closed here first: a chain that comes from now on is not taken, whatever the other side says. */
async function cancel(orders: RelayedOrders, calls: WebhookCalls, { reference }: Order): Promise<CancelResult> {
  const closed = await orders.close(reference, 'it was cancelled');
  if (closed.state === 'too-late') return closed;
  return calls.cancel(reference);
}
