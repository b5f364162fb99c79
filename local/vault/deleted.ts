import type { EmulatorResponse } from '../emulator.ts';
import { type Call, later, ok, type VaultContext } from './call.ts';
import {
  beingDeleted,
  deletedNotFound,
  purgeProtected,
  recoverableNotFound,
  recoverConflict,
  type VaultRefusal,
} from './errors.ts';
import { paged } from './paging.ts';
import type { CertificateRecord, DeletedRecord } from './records.ts';
import { certificateBundle, certificateId, deletedBundle, deletedItem } from './shapes.ts';
import { currentVersion } from './state.ts';

/** In the recordings a deletion or recovery became visible after so long. */
const LAG_SECONDS = 11;
const DAY_SECONDS = 86_400;

export function deleteCertificate(call: Call): EmulatorResponse {
  const { vault, name } = call;
  const record = vault.state.require(name);
  const now = vault.now();
  const deleted: DeletedRecord = {
    record,
    deletedAt: now,
    visibleAt: later(now, LAG_SECONDS),
    purgeAt: later(now, (vault.options.retentionDays ?? 90) * DAY_SECONDS),
  };
  vault.state.delete(deleted);
  return ok(deletedBundle(call, deleted));
}

/** A deleted certificate that can be seen; `undefined` while its deletion settles or its recovery goes on. */
function visible({ vault, name }: Call): DeletedRecord | undefined {
  const deleted = vault.state.deleted(name);
  return deleted !== undefined && isVisible(deleted, vault.now()) ? deleted : undefined;
}

const isVisible = ({ visibleAt, recoveredAt }: DeletedRecord, now: Date): boolean =>
  visibleAt <= now && recoveredAt === undefined;

export function getDeleted(call: Call): EmulatorResponse {
  const deleted = visible(call);
  if (deleted === undefined) throw deletedNotFound(call.name);
  return ok(deletedBundle(call, deleted));
}

export function listDeleted(call: Call): EmulatorResponse {
  const includePending = call.query.get('includePending')?.toLowerCase() === 'true';
  const shown = call.vault.state
    .allDeleted()
    .filter((deleted) => isVisible(deleted, call.vault.now()))
    .filter(({ record }) => includePending || record.versions.length > 0);
  return ok(paged(call, shown, { key: ({ record }) => record.name, item: (deleted) => deletedItem(call, deleted) }));
}

export function recoverDeleted(call: Call): EmulatorResponse {
  const { vault, name } = call;
  const deleted = vault.state.deleted(name);
  if (deleted === undefined) throw recoverableNotFound(name);
  const { record } = deleted;
  if (!isVisible(deleted, vault.now())) throw conflictOf(vault, record);
  deleted.recoveredAt = later(vault.now(), LAG_SECONDS);
  return ok(certificateBundle(call, record));
}

/** Somebody else is at work on the deleted certificate, or its deletion is not through. */
function conflictOf(vault: VaultContext, record: CertificateRecord): VaultRefusal {
  return recoverConflict(certificateId(vault, record.name, currentVersion(record)?.id ?? record.shell?.version));
}

export function purgeDeleted(call: Call): EmulatorResponse {
  const { vault, name } = call;
  const deleted = vault.state.deleted(name);
  if (deleted === undefined) throw deletedNotFound(name);
  if (deleted.recoveredAt !== undefined) throw conflictOf(vault, deleted.record);
  if (!isVisible(deleted, vault.now())) throw beingDeleted(name);
  if (vault.options.purgeProtection === true) throw purgeProtected();
  vault.state.purge(name);
  return { status: 204, headers: {} };
}
