import type { Clock } from '../../src/clock.ts';
import { type Post, type Send, sendByFetch, withoutKey } from './endpoint.ts';

/** One request that Event Grid made to a subscriber, and what came back. */
export interface LoggedDelivery {
  /** ISO 8601. */
  readonly at: string;
  readonly method: string;
  /** Without the query, which holds the key. */
  readonly endpoint: string;
  /** As the header carries it; absent at a handshake. */
  readonly subscription?: string;
  readonly eventType?: string;
  /** Failed attempts so far. */
  readonly deliveryCount?: number;
  readonly body: unknown;
  /** `null`: there was no answer. */
  readonly status: number | null;
}

/** Remembers the latest requests: `send` makes them. */
export interface DeliveryLog {
  readonly send: Send;
  latest(): readonly LoggedDelivery[];
}

const MOST = 1000;

export function createDeliveryLog(clock: Clock, send: Send = sendByFetch): DeliveryLog {
  const kept: LoggedDelivery[] = [];
  const keep = (post: Post, status: number | null): void => {
    kept.push(logged(post, clock.now(), status));
    if (kept.length > MOST) kept.shift();
  };
  return {
    async send(post) {
      try {
        const answer = await send(post);
        keep(post, answer.status);
        return answer;
      } catch (cause) {
        keep(post, null);
        throw cause;
      }
    },
    latest: () => [...kept],
  };
}

function logged({ method, url, headers, body }: Post, now: Date, status: number | null): LoggedDelivery {
  const subscription = headers['aeg-subscription-name'];
  const eventType = headers['aeg-event-type'];
  const count = headers['aeg-delivery-count'];
  return {
    at: now.toISOString(),
    method,
    endpoint: withoutKey(url),
    ...(subscription !== undefined && { subscription }),
    ...(eventType !== undefined && { eventType }),
    ...(count !== undefined && { deliveryCount: Number(count) }),
    body: body === undefined ? null : JSON.parse(body),
    status,
  };
}
