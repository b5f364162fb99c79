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

/** By store and vault, in milliseconds at the app's clock: what this process knows to be written. */
const noted = new WeakMap<AppRowStore, Map<string, { last: number; expiry: number }>>();

/**
 * Notes that an event of a vault came through, whatever becomes of it: without such a trace nobody could tell a quiet vault
 * from a dead event path. Nothing is kept of vaults that are none of the estate, nor by an app that stands back. Throws
 * `storage-*` when it cannot be written, so that the event is delivered again.
 */
export async function noteArrival(event: unknown, app: ArrivalDependencies): Promise<void> {
  const { resourceId, isExpiry } = originOf(event);
  const vault = (await app.estate()).vaults.find((one) => one.resourceId.toLowerCase() === resourceId);
  if (vault === undefined) return;
  const known = noted.get(app.rows) ?? new Map<string, { last: number; expiry: number }>();
  noted.set(app.rows, known);
  const before = known.get(resourceId) ?? { last: 0, expiry: 0 };
  const now = app.clock.now().getTime();
  const isKnown = now - (isExpiry ? before.expiry : before.last) < NOTED_MILLISECONDS;
  if (isKnown || (await app.lease.hold()).state === 'elsewhere') return;
  await write(vault, { at: new Date(now).toISOString(), isExpiry }, app.rows);
  known.set(resourceId, { last: now, expiry: isExpiry ? now : before.expiry });
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

/** Several instances may note at once: who comes second looks again, and finds little to add. */
async function write(
  { name }: EstateVault,
  { at, isExpiry }: { readonly at: string; readonly isExpiry: boolean },
  rows: AppRowStore,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await rows.get('arrivals', name);
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
