import type { DeadLetters, Log } from './dead-letters.ts';
import { attemptDelivery, endpointKind, type Send, withoutKey } from './endpoint.ts';
import { type Attempt, isDelivered, isRetried, outcomeWord, retryDelay } from './schedule.ts';
import { type DeadLetterFacts, type DeadLetterReason, deliveryBody, type PublishedEvent } from './shapes.ts';
import type { Subscription } from './subscription.ts';

/** One event on its way to one subscriber. */
interface Parcel {
  readonly event: PublishedEvent;
  readonly attempts: number;
  readonly last?: { readonly attempt: Attempt; readonly at: Date };
}

/** The first attempt comes within this time, so that events overtake each other as they do in Azure. */
const FIRST_ATTEMPT_WITHIN_MILLISECONDS = 200;
/** After so many failures in a row new events wait as long as the failed ones. */
const UNHEALTHY_AFTER = 10;

export interface Delivery {
  readonly subscription: Subscription;
  accept(event: PublishedEvent): void;
}

export interface DeliveryTools {
  readonly now: () => Date;
  readonly random: () => number;
  readonly send: Send;
  readonly deadLetters: DeadLetters;
  readonly log: Log;
  /** Wakes `act` at `due` and counts what it does as in flight. */
  readonly later: (due: Date, act: () => Promise<void>) => void;
}

/** Delivers to one subscriber: at least once, without order, again and again by the retry schedule. */
export function createDelivery(subscription: Subscription, tools: DeliveryTools): Delivery {
  const { now, random, send, deadLetters, log, later } = tools;
  const kind = endpointKind(subscription.endpoint);
  const health = createHealth();
  const ready: Parcel[] = [];

  const after = (milliseconds: number): number => now().getTime() + milliseconds;

  const wait = (parcel: Parcel, due: number): void =>
    later(new Date(due), async () => {
      ready.push(parcel);
      // Whatever became due in the same moment goes along, up to the batch size.
      await Promise.resolve();
      const batch = ready.splice(0, subscription.maxEventsPerBatch);
      if (batch.length > 0) await deliver(batch);
    });

  const deliver = async (due: readonly Parcel[]): Promise<void> => {
    const parcels = due.filter((parcel) => !expired(parcel));
    const [first] = parcels;
    if (first === undefined) return;
    const { contentType, body } = deliveryBody(
      parcels.map((parcel) => parcel.event),
      subscription,
    );
    const headers = deliveryHeaders(subscription, contentType, first.attempts);
    const attempt = await attemptDelivery(send, { method: 'POST', url: subscription.endpoint, headers, body });
    health.note(attempt);
    if (!isDelivered(attempt)) {
      log('warning', `event grid: ${subscription.name}: ${withoutKey(subscription.endpoint)}: ${outcomeWord(attempt)}`);
    }
    for (const parcel of parcels) settle({ ...parcel, attempts: parcel.attempts + 1 }, attempt);
  };

  const settle = (parcel: Parcel, attempt: Attempt): void => {
    if (isDelivered(attempt)) return;
    const failed: Parcel = { ...parcel, last: { attempt, at: now() } };
    if (!isRetried(attempt, kind)) giveUp(failed, 'UndeliverableEvent');
    else if (failed.attempts >= subscription.maxDeliveryAttempts) giveUp(failed, 'MaxDeliveryAttemptsExceeded');
    else retry(failed, attempt);
  };

  const retry = (parcel: Parcel, attempt: Attempt): void => {
    const due = after(retryDelay(parcel.attempts, attempt, random()));
    health.retryDue(due);
    wait(parcel, due);
  };

  /** Life is checked when the next attempt is due: an event may outlive its time until then. */
  const expired = (parcel: Parcel): boolean => {
    const age = now().getTime() - parcel.event.publishedAt.getTime();
    if (age <= subscription.eventTimeToLiveInMinutes * 60_000) return false;
    giveUp(parcel, 'TimeToLiveExceeded');
    return true;
  };

  const giveUp = (parcel: Parcel, reason: DeadLetterReason): void =>
    deadLetters.keep(subscription, parcel.event, deadLetterFacts(parcel, reason));

  return {
    subscription,
    accept(event) {
      const soon = after(1 + Math.floor(random() * FIRST_ATTEMPT_WITHIN_MILLISECONDS));
      wait({ event, attempts: 0 }, Math.max(soon, health.heldUntil()));
    },
  };
}

/** How the endpoint fares: an unhealthy one is left alone until the last failed event is tried again. */
function createHealth() {
  let failuresInARow = 0;
  let heldUntil = 0;
  return {
    note(attempt: Attempt): void {
      failuresInARow = isDelivered(attempt) ? 0 : failuresInARow + 1;
      if (failuresInARow === 0) heldUntil = 0;
    },
    retryDue(due: number): void {
      if (failuresInARow >= UNHEALTHY_AFTER) heldUntil = due;
    },
    heldUntil: (): number => heldUntil,
  };
}

function deadLetterFacts({ event, attempts, last }: Parcel, reason: DeadLetterReason): DeadLetterFacts {
  return {
    reason,
    attempts,
    lastOutcome: last === undefined ? 'Probation' : outcomeWord(last.attempt),
    lastAttemptAt: last?.at ?? event.publishedAt,
  };
}

function deliveryHeaders(subscription: Subscription, contentType: string, attempts: number): Record<string, string> {
  return {
    'content-type': contentType,
    'aeg-event-type': 'Notification',
    'aeg-subscription-name': subscription.name.toUpperCase(),
    'aeg-delivery-count': String(attempts),
    ...(subscription.schema === 'EventGridSchema' ? { 'aeg-data-version': '1', 'aeg-metadata-version': '1' } : {}),
  };
}
