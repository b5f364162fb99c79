import type { StandClock } from '../clock.ts';
import { createDeadLetters, type Log, type WriteDeadLetter } from './dead-letters.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { type Handshake, type Send, sendByFetch, shakeHands } from './endpoint.ts';
import { guid } from './guid.ts';
import { readSubscription, type Subscription, type SubscriptionRequest, wants } from './subscription.ts';
import type { VaultEvent } from './types.ts';

export interface EventGridOptions {
  readonly clock: StandClock;
  /** In [0, 1); seeded, so that a run can be repeated. */
  readonly random: () => number;
  /** Absent: what cannot be delivered is dropped, as Event Grid does without a dead-letter container. */
  readonly deadLetter?: WriteDeadLetter;
  readonly send?: Send;
  readonly log: Log;
}

/** The system topics of all vaults of the stand, and their subscriptions. */
export interface EventGrid {
  /** Adds a subscription after the validation handshake. The same name again replaces it for later events. */
  subscribe(request: SubscriptionRequest): Promise<Handshake>;
  /** Takes a subscription away; answers whether there was one. What is on its way still arrives. */
  unsubscribe(name: string): boolean;
  subscriptions(): readonly Subscription[];
  publish(event: VaultEvent): void;
  /** Fault: events for which `predicate` holds vanish before delivery. Answers with a function that ends it. */
  drop(predicate: (event: VaultEvent) => boolean): () => void;
  /** Fault: every event published from now on is delivered `copies` times to each subscriber. */
  duplicate(copies: number): void;
  /** Resolves when no request runs. What waits for the clock (first attempts, retries, dead letters) is not counted. */
  settled(): Promise<void>;
  /** How many first attempts, retries and dead letters wait for the clock. */
  waiting(): number;
  /** Ends all waits; running requests end by themselves. */
  stop(): void;
}

export function createEventGrid(options: EventGridOptions): EventGrid {
  const { clock, random, log, send = sendByFetch } = options;
  const deliveries = new Map<string, Delivery>();
  const drops = new Set<(event: VaultEvent) => boolean>();
  const agenda = createAgenda(clock);
  const newId = (): string => guid(random);
  const deadLetters = createDeadLetters({ clock, write: options.deadLetter, newId, log, later: agenda.later });
  const tools = { now: () => clock.now(), random, send, deadLetters, log, later: agenda.later };
  let copies = 1;

  return {
    async subscribe(request) {
      const subscription = readSubscription(request);
      if ('refused' in subscription) return { state: 'refused', reason: subscription.refused };
      const topic = subscription.source ?? '';
      const event = { id: newId(), code: newId(), at: clock.now() };
      const handshake = await shakeHands(send, { ...subscription, topic }, event);
      if (handshake.state === 'subscribed') {
        deliveries.set(subscription.name.toLowerCase(), createDelivery(subscription, tools));
      }
      return handshake;
    },
    unsubscribe: (name) => deliveries.delete(name.toLowerCase()),
    subscriptions: () => [...deliveries.values()].map(({ subscription }) => subscription),
    publish(raised) {
      if ([...drops].some((predicate) => predicate(raised))) {
        log('information', `event grid: dropped by a fault: ${raised.type} ${raised.objectName}`);
        return;
      }
      const event = { id: newId(), raised, publishedAt: clock.now() };
      for (const delivery of deliveries.values()) {
        if (!wants(delivery.subscription, raised)) continue;
        for (let copy = 0; copy < copies; copy++) delivery.accept(event);
      }
    },
    drop(predicate) {
      drops.add(predicate);
      return () => void drops.delete(predicate);
    },
    duplicate(count) {
      copies = count;
    },
    settled: agenda.settled,
    waiting: agenda.waiting,
    stop: agenda.stop,
  };
}

/** Acts at their times, and knows which of them are running. */
function createAgenda(clock: StandClock) {
  const waits = new Set<() => void>();
  const running = new Set<Promise<void>>();
  return {
    later(due: Date, act: () => Promise<void>): void {
      const takeBack = clock.at(due, () => {
        waits.delete(takeBack);
        const run: Promise<void> = act().finally(() => running.delete(run));
        running.add(run);
      });
      waits.add(takeBack);
    },
    async settled(): Promise<void> {
      while (running.size > 0) await Promise.all(running);
    },
    waiting: () => waits.size,
    stop(): void {
      for (const takeBack of waits) takeBack();
      waits.clear();
    },
  };
}
