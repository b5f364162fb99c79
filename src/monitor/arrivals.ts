import type { Clock } from '../clock.ts';
import { RenewalError } from '../errors.ts';
import type { AppRowStore, ArrivalsRow } from '../estate/app-rows.ts';
import type { Estate, EstateVault } from '../plan/types.ts';
import type { Lease } from '../renewal/lease.ts';

/** What noting an arrival needs. */
export interface ArrivalDependencies {
  readonly clock: Clock;
  readonly estate: () => Promise<Estate>;
  readonly rows: AppRowStore;
  readonly lease: Lease;
}

/** Within this time a vault's row is not written again: a storm of events costs one write. */
const NOTED_MILLISECONDS = 60_000;
const TRIES = 5;

/** What this process knows to be written of one vault and kind, and when, in milliseconds at the app's clock. */
interface Note {
  readonly at: number;
  /** Ends when it is written; several arrivals at once wait for one write. */
  readonly written: Promise<void>;
}

const notes = new WeakMap<AppRowStore, Map<string, Note>>();

/**
 * Notes that an event of a vault came through, whatever becomes of it: without such a trace nobody could tell a quiet vault
 * from a dead event path. Nothing is kept of vaults that are none of the estate, nor by an app that stands back. Throws
 * `storage-*` when it cannot be written, so that the event is delivered again.
 */
export async function noteArrival(event: unknown, app: ArrivalDependencies): Promise<void> {
  const { resourceId, isExpiry } = originOf(event);
  const vault = (await app.estate()).vaults.find((one) => one.resourceId.toLowerCase() === resourceId);
  if (vault === undefined || (await app.lease.hold()).state === 'elsewhere') return;
  const known = notes.get(app.rows) ?? new Map<string, Note>();
  notes.set(app.rows, known);
  const key = `${isExpiry ? 'expiry' : 'other'} ${resourceId}`;
  const now = app.clock.now();
  const before = known.get(key);
  if (before !== undefined && now.getTime() - before.at < NOTED_MILLISECONDS) return before.written;
  const note: Note = { at: now.getTime(), written: write(vault, { at: now.toISOString(), isExpiry }, app.rows) };
  known.set(key, note);
  try {
    await note.written;
  } catch (error) {
    if (known.get(key) === note) known.delete(key);
    throw error;
  }
}

/** The words are those of whoever sent it; both schemas of Event Grid name the vault by its ARM id. */
function originOf(event: unknown): { readonly resourceId: string; readonly isExpiry: boolean } {
  const fields = (typeof event === 'object' && event !== null ? event : {}) as Readonly<Record<string, unknown>>;
  const origin = fields.topic ?? fields.source;
  const type = fields.eventType ?? fields.type;
  const isExpiry =
    type === 'Microsoft.KeyVault.CertificateNearExpiry' || type === 'Microsoft.KeyVault.CertificateExpired';
  return { resourceId: typeof origin === 'string' ? origin.toLowerCase() : '', isExpiry };
}

/** Several instances may note at once: who comes second looks again, and finds that there is nothing to add. */
async function write(
  { name }: EstateVault,
  { at, isExpiry }: { readonly at: string; readonly isExpiry: boolean },
  rows: AppRowStore,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await rows.get('arrivals', name);
    if (isNoted(isExpiry ? found?.row.expiryAt : found?.row.lastAt, at)) return;
    const row: ArrivalsRow = { ...found?.row, lastAt: at, ...(isExpiry && { expiryAt: at }) };
    try {
      await rows.save('arrivals', name, row, found?.etag);
      return;
    } catch (error) {
      const isRace = error instanceof RenewalError && error.code === 'storage-conflict' && attempt < TRIES;
      if (!isRace) throw error;
    }
  }
}

function isNoted(written: string | undefined, at: string): boolean {
  return written !== undefined && Date.parse(at) - Date.parse(written) < NOTED_MILLISECONDS;
}
