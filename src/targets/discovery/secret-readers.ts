import { RenewalError } from '../../errors.ts';
import type { AuditLog, SecretCaller } from '../../monitor/port.ts';
import type { Estate } from '../../plan/types.ts';
import type { Found, UseKind } from './found.ts';
import type { LookReport, UnexplainedReader } from './report.ts';
import { referredTo } from './uses.ts';

/** Who read which certificate's secret without any place that explains it. */
export interface SecretReaders {
  readonly state: LookReport['audit'];
  /** By `vault/name`, lower case. */
  readonly byCertificate: ReadonlyMap<string, readonly UnexplainedReader[]>;
  readonly problems: LookReport['problems'];
}

/** Client ids of Azure's own applications, which read a vault for every place of a kind. */
const readingFor: Readonly<Partial<Record<UseKind, string>>> = {
  // https://learn.microsoft.com/azure/app-service/configure-ssl-certificate#import-a-certificate-from-key-vault
  'app-service': 'abfa0a7c-a6b6-4736-8310-5855508787cd',
  // https://learn.microsoft.com/azure/frontdoor/standard-premium/how-to-configure-https-custom-domain
  'front-door': '205478c0-bd83-4e1b-a9d6-db63a3e1e1c8',
};

const DAYS = 30;
const DAY = 86_400_000;
/** Callers of all vaults together; those who came last. */
const MOST_CALLERS = 5000;
/** Of one certificate. */
const MOST_READERS = 50;

/**
 * Reads the audit of the estate's vaults for the last thirty days. Explained is who is an identity of a place that uses the
 * certificate, or Azure's own application for its kind. A log that cannot be read is told, and explains nobody.
 */
export async function readersByCertificate(
  estate: Pick<Estate, 'vaults'>,
  { found, log, now }: { readonly found: readonly Found[]; readonly log: AuditLog | undefined; readonly now: Date },
): Promise<SecretReaders> {
  const byCertificate = new Map<string, UnexplainedReader[]>();
  if (log === undefined) return { state: 'off', byCertificate, problems: [] };
  try {
    const window = { from: new Date(now.getTime() - DAYS * DAY), to: now };
    const callers = await log.secretCallers(window, MOST_CALLERS);
    const known = explainersOf(estate, found);
    for (const caller of callers) {
      const vault = estate.vaults.find(({ resourceId }) => resourceId.toLowerCase() === caller.resourceId);
      if (vault === undefined) continue;
      const key = `${vault.name}/${caller.name}`.toLowerCase();
      const list = byCertificate.get(key) ?? [];
      if (isExplained(caller, known.get(key)) || list.length >= MOST_READERS) continue;
      byCertificate.set(key, [...list, readerOf(caller)]);
    }
    const more = callers.length >= MOST_CALLERS ? [`more than ${MOST_CALLERS} callers: the rest is not told`] : [];
    return { state: 'read', byCertificate, problems: more.map((problem) => ({ kind: 'audit', code: 'cut', problem })) };
  } catch (error) {
    if (!(error instanceof RenewalError) || !error.code.startsWith('log-')) throw error;
    const problem = { kind: 'audit', code: error.code, problem: error.message.slice(0, 300) };
    return { state: 'failed', byCertificate, problems: [problem] };
  }
}

/** Object and client ids that may read a certificate's secret, by certificate. */
function explainersOf(estate: Pick<Estate, 'vaults'>, found: readonly Found[]): ReadonlyMap<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  for (const one of found) {
    const referred = referredTo(one, estate.vaults);
    if (referred === undefined) continue;
    const key = `${referred.vault}/${referred.name}`.toLowerCase();
    const ids = known.get(key) ?? new Set<string>();
    known.set(key, ids);
    for (const id of [...(one.readers ?? []), readingFor[one.kind]]) if (id !== undefined) ids.add(id);
  }
  return known;
}

function isExplained({ objectId, applicationId }: SecretCaller, known: ReadonlySet<string> | undefined): boolean {
  return [objectId, applicationId].some((id) => id !== undefined && known?.has(id.toLowerCase()));
}

function readerOf({ resourceId: _vault, name: _name, ...reader }: SecretCaller): UnexplainedReader {
  return reader;
}
