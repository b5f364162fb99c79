import { sha256Hex } from '../certificate/fingerprint.ts';
import { createRecent, type Recent } from '../recent.ts';
import { type Parked, parkEvent } from './park-event.ts';
import { type StartDependencies, type Started, startRenewal } from './start.ts';
import { type ReadEvent, readVaultEvent } from './vault-event.ts';

/** What became of an event. */
export type Taken =
  | (Started & Parked)
  | { readonly state: 'ignored'; readonly type: string }
  | ({ readonly state: 'parked'; readonly problem: string } & Parked);

/** Events that say the same within this time are answered as the first of them. */
const REPEATED_MILLISECONDS = 5 * 60_000;
/** Answers remembered at a time, of about 500 bytes each. */
const answersRemembered = 2000;

interface Answer {
  readonly taken: Promise<Taken>;
  /** Milliseconds at the app's clock. */
  readonly at: number;
}

const answers = new WeakMap<StartDependencies['store'], Recent<Answer>>();

/**
 * Takes one delivery. An event is a hint: its vault must be one of the estate, and the vault itself is asked. What can
 * never be used is parked in the journal, so that it is neither lost nor delivered again for a day. Event Grid delivers at
 * least once, and in storms, and whoever forges events can give each an id of its own: what says the same again asks
 * nobody, not even while the first is being answered. One that failed was thrown, and is taken again.
 */
export async function takeEvent(event: unknown, app: StartDependencies): Promise<Taken> {
  const read = await readVaultEvent(event);
  if (read.state === 'ignored') return read;
  const remembered = answers.get(app.store) ?? createRecent<Answer>(answersRemembered);
  answers.set(app.store, remembered);
  const said = sha256Hex(Buffer.from(JSON.stringify(read.state === 'read' ? read.hint : event) ?? ''));
  const now = app.clock.now().getTime();
  const known = remembered.get(said);
  if (known !== undefined && now - known.at < REPEATED_MILLISECONDS) return known.taken;
  const answer: Answer = { taken: takeNew(event, read, app), at: now };
  remembered.set(said, answer);
  try {
    return await answer.taken;
  } catch (error) {
    if (remembered.get(said) === answer) remembered.forget(said);
    throw error;
  }
}

async function takeNew(
  event: unknown,
  read: Exclude<ReadEvent, { state: 'ignored' }>,
  app: StartDependencies,
): Promise<Taken> {
  if (read.state === 'read') return startOrPark(event, { ...read.hint, force: false }, app);
  return { state: 'parked', problem: read.problem, ...(await parkEvent(event, read.problem, app)) };
}

async function startOrPark(
  event: unknown,
  request: Parameters<typeof startRenewal>[0],
  app: StartDependencies,
): Promise<Taken> {
  const started = await startRenewal(request, app);
  // What belongs to another app is neither lost nor ours to keep.
  const isOurs = started.state === 'refused' && started.outcomeReason !== 'another-app';
  if (!isOurs || started.renewalId !== undefined) return started;
  return { ...started, ...(await parkEvent(event, started.outcomeReason, app)) };
}
