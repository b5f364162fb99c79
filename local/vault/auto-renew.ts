import { later, type VaultContext } from './call.ts';
import { VaultRefusal } from './errors.ts';
import { openPending } from './pending.ts';
import type { Policy } from './policy.ts';
import type { CertificateRecord, Version } from './records.ts';
import { currentVersion } from './state.ts';

/** A lifetime action that is due already is taken this long after it became known. */
const PROMPT_SECONDS = 60;
/** And tried again this long after it came to nothing, until the version expires. */
const AGAIN_SECONDS = 86_400;

/** When the vault renews the version by itself; `undefined`: never. Only Self and partners issue without a person. */
export function renewalDue(version: Version, policy: Policy): Date | undefined {
  if (policy.issuer.name === 'Unknown') return undefined;
  const action = policy.lifetime_actions.find(({ action: { action_type } }) => action_type === 'AutoRenew');
  if (action === undefined) return undefined;
  const [from, until] = [new Date(version.leaf.validFrom).getTime(), new Date(version.leaf.validTo).getTime()];
  const { lifetime_percentage, days_before_expiry } = action.trigger;
  if (days_before_expiry !== undefined) return new Date(until - days_before_expiry * 86_400_000);
  return new Date(from + ((until - from) * (lifetime_percentage ?? 80)) / 100);
}

/** Waits for the lifetime action of the newest version under the present policy, and for no other. */
export function watchLifetime(vault: VaultContext, record: CertificateRecord): void {
  record.forgetLifetime?.();
  record.forgetLifetime = undefined;
  const version = currentVersion(record);
  const due = version && renewalDue(version, record.policy);
  if (version === undefined || due === undefined) return;
  waitFor(vault, record, due > vault.now() ? due : later(vault.now(), PROMPT_SECONDS));
}

function waitFor(vault: VaultContext, record: CertificateRecord, due: Date): void {
  const version = currentVersion(record);
  if (version === undefined || due >= new Date(version.leaf.validTo)) return;
  record.forgetLifetime = vault.at(due, () => {
    vault.state.settle(vault.now());
    // A deleted certificate may be recovered: the order goes on until nothing is left to recover.
    const isDeleted = vault.state.deleted(record.name)?.record === record;
    if (vault.state.find(record.name) !== record && !isDeleted) return;
    waitFor(vault, record, later(vault.now(), AGAIN_SECONDS));
    if (!isDeleted) void renew(vault, record, version);
  });
}

/** Opens the same operation as a person's create would: tags go over to the new version. */
async function renew(vault: VaultContext, record: CertificateRecord, { tags, preserveCertOrder }: Version) {
  const isBusy = vault.state.creating.has(record.name.toLowerCase()) || record.pending?.status === 'inProgress';
  if (isBusy) return;
  try {
    await openPending(vault, record.name, { policy: record.policy, tags, enabled: true, preserveCertOrder });
  } catch (error) {
    // The certificate or its issuer went away meanwhile: the next try finds out whether they are back.
    if (!(error instanceof VaultRefusal)) throw error;
  }
}
