import type { Journal, JournalEntry, JournalRecord } from '../journal/port.ts';
import { currentTrace } from '../trace.ts';
import { traceIdOf } from '../trace-parent.ts';
import type { Dependencies } from './dependencies.ts';

/** Events that nobody can use are kept in the journal up to this number a day; whoever sends more sends them to the log alone. */
export const parkedADay = 1000;

/** `notKept`: how many events of the day this process has told to the log only, this one included; absent: it is kept. */
export interface Parked {
  readonly notKept?: number;
}

/** What this process knows of the day's chain. */
interface Day {
  readonly chain: string;
  /** Of the records that are in the chain, and of those on their way there. */
  readonly keys: Set<string>;
  /** Other instances append too: the sequence of our own records tells how many there are. */
  isFull: boolean;
  sealed?: Promise<unknown>;
  notKept: number;
}

const days = new WeakMap<Journal, { readonly chain: string; readonly opened: Promise<Day> }>();
const sealKey = 'parked-full';

/**
 * Keeps an event that nobody can use in a chain of its day: neither lost, nor delivered again for a day. An event that
 * comes again is the same entry. After `parkedADay` of them the chain ends with one record that says so, and the rest is
 * in the log: a chain is proven as a whole by whoever reads it, and who forges events must not choose how long it is.
 */
export async function parkEvent(
  event: unknown,
  problem: string,
  { journal, clock }: Pick<Dependencies, 'journal' | 'clock'>,
): Promise<Parked> {
  const at = clock.now().toISOString();
  const day = await dayOf(`parked-events-${at.slice(0, 10)}`, journal);
  const id = fieldOf(event, 'id');
  const key = `event:${typeof id === 'string' ? id.slice(0, 100) : 'without-id'}`;
  if (day.keys.has(key)) return {};
  if (day.isFull || day.keys.size >= parkedADay) return await refuse(day, at, journal);
  const facts = {
    problem,
    subject: cut(fieldOf(event, 'subject')),
    topic: cut(fieldOf(event, 'topic') ?? fieldOf(event, 'source')),
    traceId: traceIdOf(currentTrace()),
  };
  const { sequence } = await appended(day, { key, at, kind: 'fact', step: 'event', facts }, journal);
  day.isFull ||= sequence + 1 >= parkedADay;
  return {};
}

/** A chain is read once a day and process; while it cannot be, the event is delivered again. */
function dayOf(chain: string, journal: Journal): Promise<Day> {
  const known = days.get(journal);
  if (known?.chain === chain) return known.opened;
  const opened = openDay(chain, journal).catch((error: unknown) => {
    if (days.get(journal)?.opened === opened) days.delete(journal);
    throw error;
  });
  days.set(journal, { chain, opened });
  return opened;
}

async function openDay(chain: string, journal: Journal): Promise<Day> {
  const records = await journal.read(chain);
  const keys = new Set(records.map(({ key }) => key));
  const sealed = keys.has(sealKey) ? { sealed: Promise.resolve() } : {};
  return { chain, keys, isFull: records.length >= parkedADay, notKept: 0, ...sealed };
}

/** Its key is known from the beginning, so that of many events at once no more are on their way than there is room for. */
async function appended(day: Day, entry: JournalEntry, journal: Journal): Promise<JournalRecord> {
  day.keys.add(entry.key);
  try {
    return await journal.append(day.chain, entry);
  } catch (error) {
    day.keys.delete(entry.key);
    throw error;
  }
}

async function refuse(day: Day, at: string, journal: Journal): Promise<Parked> {
  day.sealed ??= seal(day, at, journal);
  await day.sealed;
  day.notKept += 1;
  return { notKept: day.notKept };
}

async function seal(day: Day, at: string, journal: Journal): Promise<void> {
  try {
    const facts = { kept: parkedADay };
    await journal.append(day.chain, { key: sealKey, at, kind: 'fact', step: 'event', facts });
  } catch (error) {
    delete day.sealed;
    throw error;
  }
}

function fieldOf(event: unknown, name: string): unknown {
  return typeof event === 'object' && event !== null ? (event as Record<string, unknown>)[name] : undefined;
}

function cut(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 200) : '';
}
