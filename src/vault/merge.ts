import { setTimeout } from 'node:timers/promises';
import type { CertificateClient, KeyVaultCertificateWithPolicy } from '@azure/keyvault-certificates';
import { RenewalError } from '../errors.ts';
import { inMergeOrder } from './chain-order.ts';
import { attempt, type VaultConnection } from './connection.ts';
import { isMissing } from './errors.ts';
import { tagsOf, versionFacts } from './facts.ts';
import type { MergeRequest, VersionFacts } from './port.ts';

/** A vault may show the old version for a moment: so often it is read again, and then the caller tries again later. */
const READ_BACK_PAUSES_MILLISECONDS: readonly number[] = [0, 200, 400, 800, 1600];

export type Pause = (milliseconds: number) => Promise<unknown>;

export interface Merging {
  readonly client: CertificateClient;
  readonly connection: VaultConnection;
  readonly request: MergeRequest;
  readonly pause?: Pause;
}

/**
 * Merges, unless the current version holds this leaf already, and answers when the vault shows the new version with its
 * tags. Calls: read, merge, (tags,) read.
 */
export async function merge(merging: Merging): Promise<VersionFacts> {
  const before = await current(merging);
  if (before !== undefined && isMerged(before, merging.request)) return await settled(merging, before);
  return await settled(merging, await mergeOnce(merging, before));
}

/** The client repeats a merge that got no answer, and then hears that nothing is pending any more: the vault is asked. */
async function mergeOnce(
  merging: Merging,
  before: KeyVaultCertificateWithPolicy | undefined,
): Promise<KeyVaultCertificateWithPolicy> {
  const { client, connection, request } = merging;
  const chain = inMergeOrder(request.chain).map((der) => new Uint8Array(Buffer.from(der, 'base64')));
  try {
    return await attempt(connection, at('merge', request), (abortSignal) =>
      client.mergeCertificate(request.name, chain, { abortSignal }),
    );
  } catch (error) {
    const after = await current(merging);
    if (after !== undefined && isMerged(after, request)) return after;
    throw isNothingPending(error) && isSame(before, after) ? mayBeHidden(request) : error;
  }
}

function isNothingPending(error: unknown): boolean {
  return error instanceof RenewalError && (error.cause as { status?: unknown } | undefined)?.status === 404;
}

function isSame(one: KeyVaultCertificateWithPolicy | undefined, other: typeof one): boolean {
  return one?.properties.version === other?.properties.version;
}

/** An earlier try may have merged, and the vault shows the old version for longer than that try has waited. */
function mayBeHidden({ vault, name }: MergeRequest): RenewalError {
  const message = `key-vault: nothing is pending, and no new version is visible yet: vault=${vault}, name=${name}`;
  return new RenewalError('vault-conflict', message);
}

/** Tags, which the client drops at merge, and a look at what others will read. */
async function settled(merging: Merging, merged: KeyVaultCertificateWithPolicy): Promise<VersionFacts> {
  const { client, connection, request } = merging;
  const version = merged.properties.version ?? '';
  if (!hasTags(merged, request)) {
    const tags = { ...tagsOf(merged), ...request.tags };
    await attempt(connection, at('tag', request), (abortSignal) =>
      client.updateCertificateProperties(request.name, version, { tags, abortSignal }),
    );
  }
  for (const milliseconds of READ_BACK_PAUSES_MILLISECONDS) {
    await (merging.pause ?? setTimeout)(milliseconds);
    const seen = await current(merging);
    const facts = seen && isMerged(seen, request) && hasTags(seen, request) ? versionFacts(seen) : undefined;
    if (facts !== undefined) return facts;
  }
  throw new RenewalError(
    'vault-conflict',
    `key-vault: merge not visible: vault=${request.vault}, name=${request.name}, version=${version}`,
  );
}

function current({ client, connection, request }: Merging): Promise<KeyVaultCertificateWithPolicy | undefined> {
  return attempt(connection, at('read', request), async (abortSignal) => {
    try {
      return await client.getCertificate(request.name, { abortSignal });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  });
}

function isMerged({ cer }: KeyVaultCertificateWithPolicy, { chain }: MergeRequest): boolean {
  const leaf = Buffer.from(chain[0] ?? '', 'base64');
  return cer !== undefined && leaf.length > 0 && leaf.equals(cer);
}

function hasTags(certificate: KeyVaultCertificateWithPolicy, { tags }: MergeRequest): boolean {
  const present = tagsOf(certificate);
  return Object.entries(tags).every(([key, value]) => present[key] === value);
}

function at(action: string, { vault, name }: MergeRequest): { action: string; vault: string; name: string } {
  return { action, vault, name };
}
