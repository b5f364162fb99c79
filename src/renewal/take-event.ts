import { sha256Hex } from '../certificate/fingerprint.ts';
import { createRecent, type Recent } from '../recent.ts';
import { type StartDependencies, type Started, startRenewal } from './start.ts';
import { readVaultEvent } from './vault-event.ts';

/** What became of an event. */
export type Taken =
  | Started
  | { readonly state: 'ignored'; readonly type: string }
  | { readonly state: 'parked'; readonly problem: string };

/** A delivery that comes again within this time, to the letter, is answered as it was the first time. */
const REPEATED_MILLISECONDS = 5 * 60_000;
/** Deliveries remembered at a time, of about 500 bytes each. */
const deliveriesRemembered = 2000;

interface Delivery {
  readonly taken: Taken;
  /** Milliseconds at the app's clock. */
  readonly at: number;
}

const deliveries = new WeakMap<StartDependencies['store'], Recent<Delivery>>();

/**
 * Takes one delivery. An event is a hint: its vault must be one of the estate, and the vault itself is asked. What can
 * never be used is parked in the journal, so that it is neither lost nor delivered again for a day. Event Grid delivers at
 * least once, and in storms: a repeat asks nobody. One that failed was thrown, and is taken again.
 */
export async function takeEvent(event: unknown, app: StartDependencies): Promise<Taken> {
  const remembered = deliveries.get(app.store) ?? createRecent<Delivery>(deliveriesRemembered);
  deliveries.set(app.store, remembered);
  const letter = sha256Hex(Buffer.from(JSON.stringify(event) ?? ''));
  const now = app.clock.now().getTime();
  const known = remembered.get(letter);
  if (known !== undefined && now - known.at < REPEATED_MILLISECONDS) return known.taken;
  const taken = await takeNew(event, app);
  remembered.set(letter, { taken, at: now });
  return taken;
}

async function takeNew(event: unknown, app: StartDependencies): Promise<Taken> {
  const read = await readVaultEvent(event);
  switch (read.state) {
    case 'ignored':
      return read;
    case 'malformed':
      await park(event, read.problem, app);
      return { state: 'parked', problem: read.problem };
    case 'read':
      return startOrPark(event, { ...read.hint, force: false }, app);
    default:
      return read satisfies never;
  }
}

async function startOrPark(
  event: unknown,
  request: Parameters<typeof startRenewal>[0],
  app: StartDependencies,
): Promise<Taken> {
  const started = await startRenewal(request, app);
  // What belongs to another app is neither lost nor ours to keep.
  const isOurs = started.state === 'refused' && started.outcomeReason !== 'another-app';
  if (isOurs && started.renewalId === undefined) await park(event, started.outcomeReason, app);
  return started;
}

/** One chain a day; an event that is delivered again is the same entry. */
async function park(event: unknown, problem: string, app: StartDependencies): Promise<void> {
  const at = app.clock.now().toISOString();
  const id = fieldOf(event, 'id');
  const key = `event:${typeof id === 'string' ? id.slice(0, 100) : 'without-id'}`;
  const facts = {
    problem,
    subject: cut(fieldOf(event, 'subject')),
    topic: cut(fieldOf(event, 'topic') ?? fieldOf(event, 'source')),
  };
  await app.journal.append(`parked-events-${at.slice(0, 10)}`, { key, at, kind: 'fact', step: 'event', facts });
}

function fieldOf(event: unknown, name: string): unknown {
  return typeof event === 'object' && event !== null ? (event as Record<string, unknown>)[name] : undefined;
}

function cut(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : '';
}
