import type { Clock } from '../clock.ts';
import { findCertificate, findVault } from '../plan/look-up.ts';
import type { Estate } from '../plan/types.ts';
import type { AuditLog, Reader } from './port.ts';

/** What telling the readers needs. */
export interface ReadersDependencies {
  readonly clock: Clock;
  readonly estate: () => Promise<Estate>;
  /** Absent: no workspace is set. */
  readonly auditLog?: AuditLog;
}

/** Who read a certificate's secret. Times are ISO 8601. */
export type Readers =
  | { readonly state: 'no-audit-log' }
  | { readonly state: 'vault-outside-estate' }
  | { readonly state: 'not-in-estate' }
  | {
      readonly state: 'told';
      readonly vault: string;
      readonly certificate: string;
      readonly from: string;
      readonly to: string;
      /** The latest first. */
      readonly readers: readonly Reader[];
      /** There are more than these. */
      readonly truncated: boolean;
      /** What the log holds of the vault in that time at all; absent: nothing, so that no readers means nothing. */
      readonly logged?: { readonly from: string; readonly to: string };
    };

export const MOST_READERS = 200;
const DAY = 86_400_000;

/**
 * The readers within the last `days`, by the audit log. Asked is only about certificates of the estate: who reads the other
 * secrets of a vault is none of ours. Throws `log-*` when the log could not be read as a whole.
 */
export async function readersOf(
  asked: { readonly vault: string; readonly certificate: string; readonly days: number },
  { auditLog, clock, estate }: ReadersDependencies,
): Promise<Readers> {
  if (auditLog === undefined) return { state: 'no-audit-log' };
  const now = await estate();
  const vault = findVault(now, asked.vault);
  if (vault === undefined) return { state: 'vault-outside-estate' };
  const found = findCertificate(now, vault.name, asked.certificate);
  if (found === undefined) return { state: 'not-in-estate' };
  const to = clock.now();
  const window = { from: new Date(to.getTime() - asked.days * DAY), to };
  const { resourceId, uri } = vault;
  const [readers, [logged]] = await Promise.all([
    auditLog.readers({ resourceId, vault: uri, name: found.name }, window, MOST_READERS + 1),
    auditLog.loggedVaults(window, resourceId),
  ]);
  return {
    ...{ state: 'told', vault: vault.name, certificate: found.name },
    ...{ from: window.from.toISOString(), to: window.to.toISOString() },
    readers: readers.slice(0, MOST_READERS),
    truncated: readers.length > MOST_READERS,
    ...(logged && { logged: { from: logged.firstAt, to: logged.lastAt } }),
  };
}
