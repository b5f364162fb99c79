import type { StandClock } from '../clock.ts';
import { type DeadLetterFacts, deadLetterBlobName, deadLetterBody, type PublishedEvent } from './shapes.ts';
import type { Subscription } from './subscription.ts';

/** Writes one blob; throws while the container cannot be reached. */
export type WriteDeadLetter = (blobName: string, body: string) => Promise<void>;

export type Log = (level: 'information' | 'warning' | 'error', message: string) => void;

const MINUTE = 60_000;
/** Event Grid lets five minutes pass after the last attempt, and gives up on a container that is gone for four hours. */
const DELAY = 5 * MINUTE;
const GIVES_UP_AFTER = 240 * MINUTE;

export interface DeadLetters {
  /** Takes an event that will not be attempted again. */
  keep(subscription: Subscription, event: PublishedEvent, facts: DeadLetterFacts): void;
}

export function createDeadLetters(options: {
  readonly clock: StandClock;
  readonly write: WriteDeadLetter | undefined;
  readonly newId: () => string;
  readonly log: Log;
  /** Wakes `act` at `due` and counts what it does as in flight. */
  readonly later: (due: Date, act: () => Promise<void>) => void;
}): DeadLetters {
  const { clock, write, newId, log, later } = options;

  return {
    keep(subscription, event, facts) {
      const what = `event grid: ${subscription.name}: ${event.raised.type} ${event.raised.objectName}: ${facts.reason}`;
      if (write === undefined) {
        log('warning', `${what}: dropped, no dead-letter container`);
        return;
      }
      const firstWrite = new Date(clock.now().getTime() + DELAY);
      const deadline = firstWrite.getTime() + GIVES_UP_AFTER;
      const body = deadLetterBody(event, subscription.schema, facts);
      const id = newId();
      const attempt = async (): Promise<void> => {
        try {
          await write(deadLetterBlobName(subscription.name, clock.now(), id), body);
          log('warning', `${what}: dead-lettered`);
        } catch (cause) {
          const next = new Date(clock.now().getTime() + DELAY);
          if (next.getTime() > deadline) log('error', `${what}: dropped, container unreachable: ${String(cause)}`);
          else later(next, attempt);
        }
      };
      later(firstWrite, attempt);
    },
  };
}
