import type { EventSchema } from './shapes.ts';
import type { VaultEvent } from './types.ts';

/** An event subscription of a vault's system topic, with Event Grid's defaults filled in. */
export interface Subscription {
  readonly name: string;
  readonly endpoint: string;
  readonly schema: EventSchema;
  /** ARM id of the vault whose events it takes; absent: of every vault. */
  readonly source?: string;
  /** Empty: every type. */
  readonly includedEventTypes: readonly string[];
  /** Compared without case, as Event Grid does by default. */
  readonly subjectBeginsWith: string;
  readonly maxDeliveryAttempts: number;
  readonly eventTimeToLiveInMinutes: number;
  readonly maxEventsPerBatch: number;
}

type Defaulted =
  | 'includedEventTypes'
  | 'subjectBeginsWith'
  | 'maxDeliveryAttempts'
  | 'eventTimeToLiveInMinutes'
  | 'maxEventsPerBatch';
export type SubscriptionRequest = Omit<Subscription, Defaulted> & Partial<Pick<Subscription, Defaulted>>;

const LIMITS = {
  maxDeliveryAttempts: 30,
  eventTimeToLiveInMinutes: 1440,
  maxEventsPerBatch: 5000,
} as const;

/** The subscription with defaults, or what Event Grid would refuse about it. */
export function readSubscription(request: SubscriptionRequest): Subscription | { readonly refused: string } {
  const subscription: Subscription = {
    includedEventTypes: [],
    subjectBeginsWith: '',
    maxDeliveryAttempts: 30,
    eventTimeToLiveInMinutes: 1440,
    maxEventsPerBatch: 1,
    ...request,
  };
  if (!/^[A-Za-z0-9-]{3,64}$/.test(subscription.name)) return { refused: 'name: 3 to 64 of A-Z a-z 0-9 -' };
  if (!URL.canParse(subscription.endpoint)) return { refused: 'endpoint: not a URL' };
  for (const [name, most] of Object.entries(LIMITS) as [keyof typeof LIMITS, number][]) {
    const value = subscription[name];
    if (!Number.isInteger(value) || value < 1 || value > most) return { refused: `${name}: 1 to ${most}` };
  }
  return subscription;
}

export function wants(subscription: Subscription, event: VaultEvent): boolean {
  const { source, includedEventTypes, subjectBeginsWith } = subscription;
  if (source !== undefined && source.toLowerCase() !== event.vaultResourceId.toLowerCase()) return false;
  if (includedEventTypes.length > 0 && !includedEventTypes.includes(event.type)) return false;
  return event.objectName.toLowerCase().startsWith(subjectBeginsWith.toLowerCase());
}
