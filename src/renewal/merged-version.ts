import { sha256Hex } from '../certificate/fingerprint.ts';
import type { CertificateRow } from '../estate/port.ts';
import type { Dependencies } from './dependencies.ts';
import { placeOf } from './place.ts';
import { summaryOf } from './steps/inspect.ts';
import type { RenewalResult, VersionSummary } from './story.ts';

/** A row of which the last attempt is known. */
type Attempted = Pick<CertificateRow, 'vault' | 'name'> & { readonly renewalId: string };

/** The vault's current version, when it is what this renewal ordered: the merge may have happened unheard. */
export async function mergedVersion(row: Attempted, app: Dependencies): Promise<VersionSummary | undefined> {
  const [leaf] = (await app.store.order(row.renewalId))?.row.accepted ?? [];
  const place = placeOf(await app.estate(), row.vault, row.name);
  if (leaf === undefined || place === undefined) return undefined;
  const facts = await app.vault.inspect({ vault: place.vault.uri, name: place.certificate.name });
  const current = facts.state === 'present' ? facts.current : undefined;
  return current?.sha256 === sha256Hex(Buffer.from(leaf, 'base64')) ? summaryOf(current) : undefined;
}

/**
 * A result with the version that nobody told of: when every answer to a merge is lost, the renewal fails and the version is
 * there all the same. Without it the row would call a certificate young that no target was ever given.
 */
export async function withMergedVersion(
  result: RenewalResult,
  row: Attempted,
  app: Dependencies,
): Promise<RenewalResult> {
  if (result.outcome === 'renewed' || result.new !== undefined) return result;
  const version = await mergedVersion(row, app);
  return version === undefined ? result : { ...result, new: version };
}
