import type { StandClock } from '../../clock.ts';
import { eventType, historyEvent, textField } from '../engine/history.ts';
import type { HistoryEvent } from '../types.ts';
import type { DueEntry, DueQueue } from './due-queue.ts';
import type { Instance } from './instance.ts';

/** Tells an instance's execution that one of its timers has fired. */
export type Fired = (instanceId: string, executionId: string, event: HistoryEvent) => void;

/** The durable timers that are set. They are made again from the histories whenever a hub is opened. */
export class Timers {
  readonly #clock: StandClock;
  readonly #due: DueQueue;
  readonly #fired: Fired;
  /** By instance: one that ends takes its timers with it. */
  readonly #set = new Map<string, Set<DueEntry>>();

  constructor(clock: StandClock, due: DueQueue, fired: Fired) {
    this.#clock = clock;
    this.#due = due;
    this.#fired = fired;
  }

  set(instance: Instance, created: HistoryEvent): void {
    const { id, executionId } = instance;
    const fireAt = textField(created, 'FireAt');
    const fire = (): void => {
      const fields = { TimerId: created.EventId, FireAt: fireAt };
      this.#fired(id, executionId, historyEvent(eventType.timerFired, this.#clock.now(), fields));
    };
    if (Date.parse(fireAt) <= this.#clock.now().getTime()) fire();
    else this.#add(id, Date.parse(fireAt), fire);
  }

  forget(id: string): void {
    for (const entry of this.#set.get(id) ?? []) this.#due.drop(entry);
    this.#set.delete(id);
  }

  stop(): void {
    this.#due.stop();
    this.#set.clear();
  }

  #add(id: string, due: number, fire: () => void): void {
    const entries = this.#set.get(id) ?? new Set();
    this.#set.set(id, entries);
    const entry = this.#due.add(due, () => {
      entries.delete(entry);
      fire();
    });
    entries.add(entry);
  }
}
