import { type StartDependencies, type Started, startRenewal } from './start.ts';
import { readVaultEvent } from './vault-event.ts';

/** What became of an event. */
export type Taken =
  | Started
  | { readonly state: 'ignored'; readonly type: string }
  | { readonly state: 'parked'; readonly problem: string };

/**
 * Takes one delivery. An event is a hint: its vault must be one of the estate, and the vault itself is asked. What can
 * never be used is parked in the journal, so that it is neither lost nor delivered again for a day.
 */
export async function takeEvent(event: unknown, app: StartDependencies): Promise<Taken> {
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
  if (started.state === 'refused' && started.renewalId === undefined) await park(event, started.outcomeReason, app);
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
