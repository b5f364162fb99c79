import { z } from 'zod';
import { jsonOf, wordsOf } from '../answer-words.ts';
import { excessOf } from '../certificate/acceptance.ts';
import { sentChain } from '../certificate/chain-upload.ts';
import { readCsr } from '../certificate/csr.ts';
import { derToPem } from '../certificate/pem.ts';
import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { RelayedOrder } from '../estate/relayed-order.ts';
import { plainText } from '../plain-text.ts';
import type { WebhookPlan } from '../plan/issuers/webhook.ts';
import { sign, signingKeys } from '../webhook-signature.ts';
import type { Credential } from './credential.ts';
import type { IssuerAnswer, IssuerHttp } from './http.ts';
import type { CancelResult, OrderStatus } from './port.ts';
import { namesOf } from './relayed.ts';

export interface WebhookCallOptions {
  readonly plan: WebhookPlan;
  readonly http: IssuerHttp;
  readonly credential: Credential;
  readonly clock: Clock;
  readonly publicUrl?: string | undefined;
}

type Rejected = Extract<OrderStatus, { state: 'rejected' }>;

/** What the status URL says of an order; `too-large` is for nobody to keep. */
type Asked =
  | { readonly state: 'pending'; readonly retryAfterSeconds?: number }
  | { readonly state: 'issued'; readonly chain: readonly string[] }
  | { readonly state: 'too-large'; readonly chain: readonly string[] }
  | Rejected;

/** The calls to a webhook, each signed. */
export interface WebhookCalls {
  place(order: RelayedOrder): Promise<{ readonly sentAt: string } | Rejected>;
  ask(order: RelayedOrder): Promise<Asked>;
  cancel(reference: string): Promise<CancelResult>;
}

const TAKEN = 'perennial.order.placed';
const CANCELLED = 'perennial.order.cancelled';

export function createWebhookCalls(options: WebhookCallOptions): WebhookCalls {
  const { plan, clock } = options;
  const send = senderOf(options);
  return {
    async place(order) {
      const body = JSON.stringify({ type: TAKEN, timestamp: order.createdAt, data: dataOf(order, options) });
      const answer = await send({ method: 'POST', url: plan.url, id: `order-${order.reference}`, body });
      if (isTaken(answer)) return { sentAt: clock.now().toISOString() };
      if ([400, 409, 422].includes(answer.status)) return { state: 'rejected', reason: wordsOf(answer, 'the webhook') };
      throw misconfigured('POST of an order', answer);
    },
    async ask(order) {
      if (plan.statusUrl === undefined) return { state: 'pending' };
      const url = plan.statusUrl.replace('{reference}', order.reference);
      const answer = await send({ method: 'GET', url, id: `status-${order.reference}`, body: '' });
      // It may not have come as far as whoever answers there; an order that nobody knows ends with its time.
      if (answer.status === 404) return { state: 'pending' };
      if (!isTaken(answer)) throw misconfigured('GET of an order', answer);
      return statusOf(answer, order);
    },
    async cancel(reference) {
      if (plan.cancelUrl === undefined) return { state: 'cancelled' };
      const timestamp = clock.now().toISOString();
      const body = JSON.stringify({ type: CANCELLED, timestamp, data: { reference } });
      const answer = await send({ method: 'POST', url: plan.cancelUrl, id: `cancel-${reference}`, body });
      if (isTaken(answer) || answer.status === 404) return { state: 'cancelled' };
      if (answer.status === 409) return { state: 'too-late', reason: wordsOf(answer, 'the webhook') };
      throw misconfigured('POST of a cancellation', answer);
    },
  };
}

interface SignedCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly id: string;
  readonly body: string;
}

function senderOf({ plan, http, credential, clock }: WebhookCallOptions) {
  return async ({ method, url, id, body }: SignedCall): Promise<IssuerAnswer> => {
    const keys = signingKeys(await credential.value(), { who: 'webhook', code: 'issuer-misconfigured' });
    const headers = {
      accept: 'application/json, application/problem+json',
      ...(method === 'POST' && { 'content-type': 'application/json' }),
      ...(plan.keyId !== undefined && { 'webhook-key-id': plan.keyId }),
      ...sign({ id, at: clock.now(), body }, keys),
    };
    const answer = await http.send({ method, url, headers, ...(method === 'POST' && { body }) });
    // The vault may have another one by now.
    if (answer.status === 401 || answer.status === 403) credential.forget();
    return answer;
  };
}

/** All that a receiver needs to know, and nothing of the estate. */
function dataOf(order: RelayedOrder, { plan, publicUrl }: WebhookCallOptions): object {
  const { reference, validityDays, expiresAt } = order;
  if (publicUrl === undefined && plan.statusUrl === undefined) {
    const fix = 'set PERENNIAL_PUBLIC_URL to where the receiver reaches the app, or statusUrl of the issuer';
    throw new RenewalError('issuer-misconfigured', `webhook: no answer could come back: ${fix}`);
  }
  return {
    reference,
    csr: derToPem(Buffer.from(order.csr, 'base64'), 'CERTIFICATE REQUEST'),
    names: namesOf(order),
    validityDays,
    ...(publicUrl !== undefined && { callbackUrl: `${publicUrl}/api/callbacks/${reference}` }),
    expiresAt,
  };
}

function isTaken({ status }: IssuerAnswer): boolean {
  return status >= 200 && status < 300;
}

const status = z.discriminatedUnion('state', [
  z.object({ state: z.literal('pending'), retryAfterSeconds: z.number().min(0).optional() }),
  z.object({ state: z.literal('issued'), chain: z.union([z.string(), z.array(z.string()).min(1)]) }),
  z.object({ state: z.literal('rejected'), reason: z.string() }),
]);

function statusOf(answer: IssuerAnswer, order: RelayedOrder): Asked {
  const read = status.safeParse(jsonOf(answer.text)).data;
  if (read === undefined)
    throw new RenewalError('issuer-unreachable', 'webhook: the status URL answered with no status');
  switch (read.state) {
    case 'pending': {
      const seconds = answer.retryAfterSeconds ?? read.retryAfterSeconds;
      return { state: 'pending', ...(seconds !== undefined && { retryAfterSeconds: Math.ceil(seconds) }) };
    }
    case 'rejected':
      return { state: 'rejected', reason: plainText(read.reason) || 'the webhook gave no reason' };
    case 'issued':
      return issued([read.chain].flat().join('\n'), order);
    default:
      return read satisfies never;
  }
}

function issued(text: string, order: RelayedOrder): Asked {
  const chain = sentChain(text, readCsr(Buffer.from(order.csr, 'base64')));
  if (chain === undefined) return { state: 'rejected', reason: 'the webhook sent a private key with the chain' };
  return excessOf(chain) === undefined ? { state: 'issued', chain } : { state: 'too-large', chain };
}

function misconfigured(action: string, answer: IssuerAnswer): RenewalError {
  const said =
    answer.status === 401 || answer.status === 403 ? 'the signature was refused' : wordsOf(answer, 'the webhook');
  return new RenewalError('issuer-misconfigured', `webhook: ${action} failed: ${answer.status}: ${said}`);
}
