import type { VaultEvent } from '../events/types.ts';
import { later, type VaultContext } from './call.ts';
import { exportOrder, type ReceivedChain, readChain } from './chain.ts';
import { selfSign } from './csr.ts';
import type { CertificateRecord, Pending, Tags, Version } from './records.ts';
import { certificateId, validity } from './shapes.ts';
import { currentVersion } from './state.ts';

const NEAR_EXPIRY_DAYS = 30;
const DAY_SECONDS = 86_400;

export interface NewVersion {
  readonly received: ReceivedChain;
  readonly tags?: Tags | undefined;
  readonly enabled?: boolean | undefined;
}

/** Joins the issued chain with the waiting key: the operation becomes a version, and the world hears of it. */
export function completePending(vault: VaultContext, record: CertificateRecord, made: NewVersion): Version | undefined {
  const { pending } = record;
  if (pending === undefined) return undefined;
  pending.status = 'completed';
  const version = toVersion(pending, made, vault.now());
  addVersion(vault, record, version);
  return version;
}

function toVersion(pending: Pending, { received, tags, enabled }: NewVersion, now: Date): Version {
  return {
    id: pending.version,
    leaf: received.leaf,
    chain: exportOrder(received, pending.preserveCertOrder),
    key: pending.key,
    policy: pending.policy,
    preserveCertOrder: pending.preserveCertOrder,
    created: now,
    updated: now,
    enabled: enabled ?? pending.enabled,
    tags: tags ?? pending.tags,
  };
}

/** Adds a finished version, raises its event and watches its expiry. */
export function addVersion(vault: VaultContext, record: CertificateRecord, version: Version): void {
  record.versions.push(version);
  raise(vault, record, { version, type: 'Microsoft.KeyVault.CertificateNewVersionCreated' });
  watchExpiry(vault, record, version);
  vault.watchLifetime(record);
}

/** Raises near-expiry and expiry at their time, if the version is the current one of a living certificate by then. */
export function watchExpiry(vault: VaultContext, record: CertificateRecord, version: Version): void {
  const expiry = new Date(version.leaf.validTo);
  const moments = [
    [later(expiry, -NEAR_EXPIRY_DAYS * DAY_SECONDS), 'Microsoft.KeyVault.CertificateNearExpiry'],
    [expiry, 'Microsoft.KeyVault.CertificateExpired'],
  ] as const;
  for (const [due, type] of moments) {
    // What lies in the past is not told again: a version may come in old.
    if (due <= vault.now()) continue;
    vault.at(due, () => {
      vault.state.settle(vault.now());
      const isCurrent = vault.state.find(record.name) === record && currentVersion(record) === version;
      if (isCurrent) raise(vault, record, { version, type });
    });
  }
}

export function raise(
  vault: VaultContext,
  record: CertificateRecord,
  { version, type }: { version: Version; type: VaultEvent['type'] },
): VaultEvent {
  const event: VaultEvent = {
    type,
    time: vault.now(),
    vaultResourceId: vault.options.resourceId,
    vaultName: vault.options.name,
    objectName: record.name,
    version: version.id,
    id: certificateId(vault, record.name, version.id),
    ...validity(version),
  };
  vault.raise(event);
  return event;
}

/** In the recordings the issuer Self took so long. */
const SELF_SECONDS = { least: 10, most: 20 };
/** And a cancellation became visible after this. */
export const CANCEL_SECONDS = 11;

/** Lets the issuer Self finish an operation by the clock. */
export function scheduleSelf(vault: VaultContext, record: CertificateRecord, pending: Pending): void {
  const { chance } = vault;
  vault.at(later(vault.now(), chance.integer(SELF_SECONDS.least, SELF_SECONDS.most)), () => {
    if (!isRunning(vault, record, pending) || pending.cancellationRequested) return;
    const repeatable = { sign: chance.sign, serial: chance.serial() };
    const der = selfSign(pending.policy, pending.key, { now: vault.now(), ...repeatable });
    const received = readChain([der], pending.key);
    if (received !== undefined) completePending(vault, record, { received });
  });
}

/** Lets a cancellation take effect by the clock. */
export function scheduleCancellation(vault: VaultContext, record: CertificateRecord, pending: Pending): void {
  vault.at(later(vault.now(), CANCEL_SECONDS), () => {
    if (isRunning(vault, record, pending)) pending.status = 'cancelled';
  });
}

/** True while the operation is the living certificate's and nothing has ended it. */
export function isRunning(vault: VaultContext, record: CertificateRecord, pending: Pending): boolean {
  return vault.state.find(record.name) === record && record.pending === pending && pending.status === 'inProgress';
}
