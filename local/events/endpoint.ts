import type { Attempt, EndpointKind } from './schedule.ts';
import type { EventSchema } from './shapes.ts';

export interface Post {
  readonly method: 'POST' | 'OPTIONS';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface PostAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends one request; throws when there is no answer. */
export type Send = (post: Post) => Promise<PostAnswer>;

const ANSWER_SECONDS = 30;

/** Event Grid waits 30 s for an answer: real seconds, because a socket knows no other clock. */
export const sendByFetch: Send = async ({ method, url, headers, body }) => {
  const response = await fetch(url, {
    method,
    headers: { ...headers },
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_SECONDS * 1000),
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
};

/** One delivery attempt. No answer is an outcome like any other. */
export async function attemptDelivery(send: Send, post: Post): Promise<Attempt> {
  try {
    return { status: (await send(post)).status };
  } catch (cause) {
    return { status: undefined, timedOut: cause instanceof Error && cause.name === 'TimeoutError' };
  }
}

export function endpointKind(endpoint: string): EndpointKind {
  return new URL(endpoint).pathname === '/runtime/webhooks/eventgrid' ? 'azure-function' : 'webhook';
}

/** The endpoint for people and logs: its query holds the key. */
export function withoutKey(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  return `${origin}${pathname}`;
}

export type Handshake = { readonly state: 'subscribed' } | { readonly state: 'refused'; readonly reason: string };

/** Proves that the endpoint wants events. The platform validates functions by itself, so that they are not asked. */
export async function shakeHands(
  send: Send,
  subscription: { readonly endpoint: string; readonly schema: EventSchema; readonly topic: string },
  event: { readonly id: string; readonly code: string; readonly at: Date },
): Promise<Handshake> {
  if (endpointKind(subscription.endpoint) === 'azure-function') return { state: 'subscribed' };
  try {
    return subscription.schema === 'EventGridSchema'
      ? judgeCode(await send(validationPost(subscription, event)), event.code)
      : judgeOrigin(await send(originPost(subscription.endpoint)));
  } catch {
    return { state: 'refused', reason: `validation: ${withoutKey(subscription.endpoint)} did not answer` };
  }
}

function validationPost(
  { endpoint, topic }: { readonly endpoint: string; readonly topic: string },
  { id, code, at }: { readonly id: string; readonly code: string; readonly at: Date },
): Post {
  const event = {
    id,
    topic,
    subject: '',
    data: { validationCode: code },
    eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
    eventTime: at.toISOString().replace(/Z$/, '0000Z'),
    metadataVersion: '1',
    dataVersion: '2',
  };
  const headers = { 'content-type': 'application/json; charset=utf-8', 'aeg-event-type': 'SubscriptionValidation' };
  return { method: 'POST', url: endpoint, headers, body: JSON.stringify([event]) };
}

function judgeCode({ status, body }: PostAnswer, code: string): Handshake {
  if (status !== 200) return { state: 'refused', reason: `validation: status ${status} instead of 200` };
  return validationResponse(body) === code
    ? { state: 'subscribed' }
    : { state: 'refused', reason: 'validation: the answer does not hold the validation code' };
}

function validationResponse(body: string): unknown {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === 'object' && answer !== null && 'validationResponse' in answer
      ? answer.validationResponse
      : undefined;
  } catch {
    return undefined;
  }
}

const ORIGIN = 'eventgrid.azure.net';

function originPost(endpoint: string): Post {
  return { method: 'OPTIONS', url: endpoint, headers: { 'webhook-request-origin': ORIGIN } };
}

function judgeOrigin({ status, headers }: PostAnswer): Handshake {
  const allowed = headers['webhook-allowed-origin'];
  if (status < 300 && (allowed === '*' || allowed === ORIGIN)) return { state: 'subscribed' };
  return { state: 'refused', reason: `validation: OPTIONS answered ${status}, allowed origin ${allowed ?? 'absent'}` };
}
