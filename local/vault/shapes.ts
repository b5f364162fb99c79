import { createHash } from 'node:crypto';
import { knowsCertificateOrder, listsShowRecovery } from './api-versions.ts';
import type { Call, VaultContext } from './call.ts';
import { later, seconds } from './call.ts';
import { addMonths, SELF_BACKDATE_SECONDS } from './csr.ts';
import { forApiVersion, type Policy } from './policy.ts';
import type { CertificateRecord, DeletedRecord, Pending, Version } from './records.ts';
import { currentVersion } from './state.ts';

const uriOf = ({ options }: VaultContext): string => options.uri;

export const certificateId = (vault: VaultContext, name: string, version = ''): string =>
  `${uriOf(vault)}/certificates/${name}${version === '' ? '' : `/${version}`}`;

/** X.509 dates as a certificate's attributes give them. */
export const validity = (version: Version): { nbf: number; exp: number } => ({
  nbf: seconds(new Date(version.leaf.validFrom)),
  exp: seconds(new Date(version.leaf.validTo)),
});

export function recovery({ options }: VaultContext): { recoveryLevel: string; recoverableDays: number } {
  const recoverableDays = options.retentionDays ?? 90;
  const base = options.purgeProtection === true ? 'Recoverable' : 'Recoverable+Purgeable';
  return { recoveryLevel: recoverableDays < 90 ? `Customized${base}` : base, recoverableDays };
}

export function versionAttributes(vault: VaultContext, version: Version): object {
  return {
    enabled: version.enabled,
    ...validity(version),
    created: seconds(version.created),
    updated: seconds(version.updated),
    ...recovery(vault),
  };
}

/** A name without any version shows dates that its request would give it. */
function shellAttributes(vault: VaultContext, { created, policy }: Pending): object {
  return {
    enabled: false,
    nbf: seconds(later(created, -SELF_BACKDATE_SECONDS)),
    exp: seconds(addMonths(created, policy.x509_props.validity_months)),
    created: seconds(created),
    updated: seconds(created),
    ...recovery(vault),
  };
}

export const thumbprint = (version: Version): string => createHash('sha1').update(version.leaf.raw).digest('base64url');

/** One version, without policy and pending operation. */
export function versionBundle({ vault, apiVersion }: Call, record: CertificateRecord, version: Version): object {
  const { name } = record;
  return {
    id: certificateId(vault, name, version.id),
    kid: `${uriOf(vault)}/keys/${name}/${version.id}`,
    sid: `${uriOf(vault)}/secrets/${name}/${version.id}`,
    x5t: thumbprint(version),
    cer: version.leaf.raw.toString('base64'),
    attributes: versionAttributes(vault, version),
    ...(version.tags && { tags: version.tags }),
    ...(knowsCertificateOrder(apiVersion) && { preserveCertOrder: version.preserveCertOrder }),
  };
}

/** The newest version with policy and pending operation; a shell where there is no version. */
export function certificateBundle(call: Call, record: CertificateRecord): object {
  const { vault } = call;
  const version = currentVersion(record);
  const { shell } = record;
  const id = certificateId(vault, record.name, shell?.version);
  const top =
    version === undefined
      ? { id, ...(shell && { attributes: shellAttributes(vault, shell), ...(shell.tags && { tags: shell.tags }) }) }
      : versionBundle(call, record, version);
  const pending = record.pending && { pending: { id: `${certificateId(vault, record.name)}/pending` } };
  return { ...top, policy: policyShape(call, record), ...pending };
}

export function policyShape({ vault, apiVersion }: Call, { name, policy }: CertificateRecord): object {
  return { id: `${certificateId(vault, name)}/policy`, ...forApiVersion(policy, apiVersion) };
}

export function deletedBundle(call: Call, deleted: DeletedRecord): object {
  return { ...deletion(call.vault, deleted), ...certificateBundle(call, deleted.record) };
}

function deletion(vault: VaultContext, { record, deletedAt, purgeAt }: DeletedRecord): object {
  return {
    recoveryId: `${uriOf(vault)}/deletedcertificates/${record.name}`,
    deletedDate: seconds(deletedAt),
    scheduledPurgeDate: seconds(purgeAt),
  };
}

/** An item of a list: of a certificate (no version in its id), or of one of its versions. */
export function listItem(call: Call, record: CertificateRecord, version?: Version): object {
  const { vault, apiVersion } = call;
  const shown = version ?? currentVersion(record);
  const subject = apiVersion === '7.0' ? { subject: '' } : {};
  const id = certificateId(vault, record.name, version?.id);
  if (shown === undefined) {
    const attributes = record.shell && { attributes: forList(call, shellAttributes(vault, record.shell)) };
    return { id, ...attributes, ...(record.shell?.tags && { tags: record.shell.tags }), ...subject };
  }
  const tags = shown.tags && { tags: shown.tags };
  const attributes = forList(call, versionAttributes(vault, shown));
  return { id, x5t: thumbprint(shown), attributes, ...tags, ...subject };
}

function forList(
  { apiVersion }: Call,
  attributes: object & { recoveryLevel?: string; recoverableDays?: number },
): object {
  const { recoveryLevel: _level, recoverableDays: _days, ...older } = attributes;
  return listsShowRecovery(apiVersion) ? attributes : older;
}

export const deletedItem = (call: Call, deleted: DeletedRecord): object => ({
  ...deletion(call.vault, deleted),
  ...listItem(call, deleted.record),
});

const waitingFor = {
  merge: 'Pending certificate created. Please Perform Merge to complete the request.',
  issuer:
    'Pending certificate created. Certificate request is in progress. This may take some time based on the issuer provider. Please check again later.',
};

/** A certificate operation. */
export function operationShape({ vault, apiVersion }: Call, record: CertificateRecord, pending: Pending): object {
  const { issuer } = pending.policy;
  const waiting = issuer.name === 'Unknown' ? waitingFor.merge : waitingFor.issuer;
  return {
    id: `${certificateId(vault, record.name)}/pending`,
    issuer: operationIssuer(issuer),
    csr: pending.csr.toString('base64'),
    cancellation_requested: pending.cancellationRequested,
    status: pending.status,
    ...(pending.status === 'inProgress' && { status_details: waiting }),
    ...(pending.error && { error: pending.error }),
    ...(pending.status === 'completed' && { target: certificateId(vault, record.name) }),
    request_id: pending.requestId,
    ...(knowsCertificateOrder(apiVersion) && { preserveCertOrder: pending.preserveCertOrder }),
  };
}

const operationIssuer = (issuer: Policy['issuer']): object => ({ ...issuer });
