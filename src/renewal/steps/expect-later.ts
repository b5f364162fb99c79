import { RenewalError } from '../../errors.ts';
import type { CertificateRow, Versioned } from '../../estate/port.ts';
import { pushed } from '../../plan/expected-by.ts';
import type { Dependencies } from '../dependencies.ts';
import { placeOf } from '../place.ts';

const HOUR = 3_600_000;

/**
 * A renewal that goes into a wait says so in its row, so that the watchdog does not hold it to be stuck. Pushes of less
 * than an hour are not worth a write: an issuer may be polled every few seconds.
 */
export async function expectLater(
  found: Versioned<CertificateRow> | undefined,
  seconds: number,
  app: Dependencies,
): Promise<void> {
  if (found?.row.state !== 'renewing') return;
  const { row, etag } = found;
  const place = placeOf(await app.estate(), row.vault, row.name);
  if (place === undefined) return;
  const targets = place.certificate.targets.length;
  const by = pushed(row.expectedBy, { now: app.clock.now(), seconds, plan: place.plan, targets });
  if (row.expectedBy !== undefined && Date.parse(by) - Date.parse(row.expectedBy) < HOUR) return;
  const { silentSince: _silent, ...heard } = row;
  try {
    await app.store.saveCertificate({ ...heard, expectedBy: by }, etag);
  } catch (error) {
    if (!(error instanceof RenewalError)) throw error;
    // Whoever tries again because of this must not forget the wait itself.
    const retryAfterSeconds = Math.max(seconds, error.retryAfterSeconds ?? 0);
    throw new RenewalError(error.code, error.message, { cause: error, retryAfterSeconds });
  }
}

/** The row while it is that renewal's: a step that comes late must not speak for the one that runs now. */
export function ofRenewal(
  found: Versioned<CertificateRow> | undefined,
  renewalId: string,
): Versioned<CertificateRow> | undefined {
  return found?.row.renewalId === renewalId ? found : undefined;
}
