import type { VaultEvent } from './types.ts';

export type EventSchema = 'EventGridSchema' | 'CloudEventSchemaV1_0';

/** An event on its way: what was raised, the id it got, and when Event Grid took it. */
export interface PublishedEvent {
  readonly id: string;
  readonly raised: VaultEvent;
  readonly publishedAt: Date;
}

export type DeadLetterReason = 'MaxDeliveryAttemptsExceeded' | 'TimeToLiveExceeded' | 'UndeliverableEvent';

export interface DeadLetterFacts {
  readonly reason: DeadLetterReason;
  readonly attempts: number;
  readonly lastOutcome: string;
  readonly lastAttemptAt: Date;
}

/** The event as its subscriber sees it. */
export function wireEvent(event: PublishedEvent, schema: EventSchema): Record<string, unknown> {
  return schema === 'EventGridSchema' ? eventGridEvent(event) : cloudEvent(event);
}

function eventGridEvent({ id, raised }: PublishedEvent): Record<string, unknown> {
  return {
    id,
    topic: raised.vaultResourceId,
    subject: raised.objectName,
    eventType: raised.type,
    eventTime: ticks(raised.time),
    data: vaultData(raised),
    dataVersion: '1',
    metadataVersion: '1',
  };
}

function cloudEvent({ id, raised }: PublishedEvent): Record<string, unknown> {
  return {
    id,
    source: raised.vaultResourceId,
    subject: raised.objectName,
    type: raised.type,
    time: ticks(raised.time),
    data: vaultData(raised),
    specversion: '1.0',
  };
}

/** Key Vault writes its data in PascalCase, whatever the schema around it and whatever the SDK's types say. */
function vaultData(raised: VaultEvent): Record<string, unknown> {
  return {
    Id: raised.id,
    VaultName: raised.vaultName,
    ObjectType: 'Certificate',
    ObjectName: raised.objectName,
    Version: raised.version,
    NBF: raised.nbf,
    EXP: raised.exp,
  };
}

/** One delivery's content type and body: the Event Grid schema is always an array, CloudEvents only in a batch. */
export function deliveryBody(
  events: readonly PublishedEvent[],
  { schema, maxEventsPerBatch }: { readonly schema: EventSchema; readonly maxEventsPerBatch: number },
): { readonly contentType: string; readonly body: string } {
  const wire = events.map((event) => wireEvent(event, schema));
  if (schema === 'EventGridSchema') {
    return { contentType: 'application/json; charset=utf-8', body: JSON.stringify(wire) };
  }
  return maxEventsPerBatch > 1
    ? { contentType: 'application/cloudevents-batch+json; charset=utf-8', body: JSON.stringify(wire) }
    : { contentType: 'application/cloudevents+json; charset=utf-8', body: JSON.stringify(wire[0]) };
}

/** The blob's text: an array of the event and why it ended there. CloudEvents attributes are lower case by their rules. */
export function deadLetterBody(event: PublishedEvent, schema: EventSchema, facts: DeadLetterFacts): string {
  const added = {
    deadLetterReason: facts.reason,
    deliveryAttempts: facts.attempts,
    lastDeliveryOutcome: facts.lastOutcome,
    publishTime: ticks(event.publishedAt),
    lastDeliveryAttemptTime: ticks(facts.lastAttemptAt),
  };
  const spelled =
    schema === 'EventGridSchema'
      ? added
      : Object.fromEntries(Object.entries(added).map(([key, value]) => [key.toLowerCase(), value]));
  return JSON.stringify([{ ...wireEvent(event, schema), ...spelled }]);
}

/** `SUBSCRIPTION/2026/8/9/5/<guid>.json`: upper case, numbers without leading zeros, UTC. */
export function deadLetterBlobName(subscription: string, at: Date, guid: string): string {
  const hour = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours()];
  return `${subscription.toUpperCase()}/${hour.join('/')}/${guid}.json`;
}

/** .NET writes seven digits of a second; JavaScript knows three. */
function ticks(time: Date): string {
  return time.toISOString().replace(/Z$/, '0000Z');
}
