import { backupCertificate, restoreCertificate } from './backup.ts';
import type { Operation } from './call.ts';
import {
  getCertificate,
  getPolicy,
  listCertificates,
  listVersions,
  updateCertificate,
  updatePolicy,
} from './certificates.ts';
import { deleteContacts, getContacts, setContacts } from './contacts.ts';
import { deleteCertificate, getDeleted, listDeleted, purgeDeleted, recoverDeleted } from './deleted.ts';
import { notSupported } from './errors.ts';
import { importCertificate } from './import.ts';
import { deleteIssuer, getIssuer, listIssuers, setIssuer, updateIssuer } from './issuers.ts';
import { createKey, getKey, listKeys, listKeyVersions, signWithKey, verifyWithKey } from './keys-api.ts';
import { cancelPending, createCertificate, deletePending, getPending, mergePending } from './pending.ts';
import { getSecret, listSecrets, listSecretVersions, setSecret } from './secrets-api.ts';

/** One operation of the data plane. */
export interface Route {
  readonly method: string;
  /** `{name}` and `{version}` stand for one segment each. */
  readonly path: string;
  /** Azure's data action, without the provider and `vaults/`. */
  readonly action: string;
  readonly run: Operation;
  /** How the published limits count it; `by-key`: the operation says so itself, because it depends on the key. */
  readonly transaction?: 'secret-create' | 'by-key';
}

/** What Key Vault offers and this one does not. */
const absent =
  (operation: string): Operation =>
  () => {
    throw notSupported(operation);
  };

const certificateRoutes: readonly Route[] = [
  { method: 'GET', path: 'certificates', action: 'certificates/read', run: listCertificates },
  {
    method: 'POST',
    path: 'certificates/restore',
    action: 'certificates/restore/action',
    run: restoreCertificate,
    transaction: 'secret-create',
  },
  { method: 'GET', path: 'certificates/contacts', action: 'certificatecontacts/write', run: getContacts },
  { method: 'PUT', path: 'certificates/contacts', action: 'certificatecontacts/write', run: setContacts },
  { method: 'DELETE', path: 'certificates/contacts', action: 'certificatecontacts/write', run: deleteContacts },
  { method: 'GET', path: 'certificates/issuers', action: 'certificatecas/read', run: listIssuers },
  { method: 'GET', path: 'certificates/issuers/{name}', action: 'certificatecas/read', run: getIssuer },
  { method: 'PUT', path: 'certificates/issuers/{name}', action: 'certificatecas/write', run: setIssuer },
  { method: 'PATCH', path: 'certificates/issuers/{name}', action: 'certificatecas/write', run: updateIssuer },
  { method: 'DELETE', path: 'certificates/issuers/{name}', action: 'certificatecas/delete', run: deleteIssuer },

  {
    method: 'POST',
    path: 'certificates/{name}/create',
    action: 'certificates/create/action',
    run: createCertificate,
    transaction: 'by-key',
  },
  {
    method: 'POST',
    path: 'certificates/{name}/import',
    action: 'certificates/import/action',
    run: importCertificate,
    transaction: 'secret-create',
  },
  { method: 'POST', path: 'certificates/{name}/backup', action: 'certificates/backup/action', run: backupCertificate },
  { method: 'GET', path: 'certificates/{name}/versions', action: 'certificates/read', run: listVersions },
  { method: 'GET', path: 'certificates/{name}/policy', action: 'certificates/read', run: getPolicy },
  { method: 'PATCH', path: 'certificates/{name}/policy', action: 'certificates/update/action', run: updatePolicy },
  { method: 'GET', path: 'certificates/{name}/pending', action: 'certificates/read', run: getPending },
  { method: 'PATCH', path: 'certificates/{name}/pending', action: 'certificates/update/action', run: cancelPending },
  { method: 'DELETE', path: 'certificates/{name}/pending', action: 'certificates/update/action', run: deletePending },
  {
    method: 'POST',
    path: 'certificates/{name}/pending/merge',
    action: 'certificates/create/action',
    run: mergePending,
    transaction: 'secret-create',
  },
  { method: 'GET', path: 'certificates/{name}', action: 'certificates/read', run: getCertificate },
  { method: 'PATCH', path: 'certificates/{name}', action: 'certificates/update/action', run: updateCertificate },
  { method: 'DELETE', path: 'certificates/{name}', action: 'certificates/delete', run: deleteCertificate },
  { method: 'GET', path: 'certificates/{name}/{version}', action: 'certificates/read', run: getCertificate },
  {
    method: 'PATCH',
    path: 'certificates/{name}/{version}',
    action: 'certificates/update/action',
    run: updateCertificate,
  },

  { method: 'GET', path: 'deletedcertificates', action: 'certificates/read', run: listDeleted },
  { method: 'GET', path: 'deletedcertificates/{name}', action: 'certificates/read', run: getDeleted },
  {
    method: 'POST',
    path: 'deletedcertificates/{name}/recover',
    action: 'certificates/recover/action',
    run: recoverDeleted,
  },
  { method: 'DELETE', path: 'deletedcertificates/{name}', action: 'certificates/purge/action', run: purgeDeleted },
];

const keyRoutes: readonly Route[] = [
  { method: 'GET', path: 'keys', action: 'keys/read', run: listKeys },
  { method: 'POST', path: 'keys/{name}/create', action: 'keys/create/action', run: createKey, transaction: 'by-key' },
  { method: 'GET', path: 'keys/{name}/versions', action: 'keys/read', run: listKeyVersions },
  { method: 'GET', path: 'keys/{name}', action: 'keys/read', run: getKey, transaction: 'by-key' },
  { method: 'GET', path: 'keys/{name}/{version}', action: 'keys/read', run: getKey, transaction: 'by-key' },
  {
    method: 'POST',
    path: 'keys/{name}/{version}/sign',
    action: 'keys/sign/action',
    run: signWithKey,
    transaction: 'by-key',
  },
  {
    method: 'POST',
    path: 'keys/{name}/{version}/verify',
    action: 'keys/verify/action',
    run: verifyWithKey,
    transaction: 'by-key',
  },
  { method: 'PUT', path: 'keys/{name}', action: 'keys/import/action', run: absent('import key') },
  { method: 'DELETE', path: 'keys/{name}', action: 'keys/delete', run: absent('delete key') },
  { method: 'PATCH', path: 'keys/{name}/{version}', action: 'keys/update/action', run: absent('update key') },
];

const secretRoutes: readonly Route[] = [
  { method: 'GET', path: 'secrets', action: 'secrets/readMetadata/action', run: listSecrets },
  {
    method: 'PUT',
    path: 'secrets/{name}',
    action: 'secrets/setSecret/action',
    run: setSecret,
    transaction: 'secret-create',
  },
  { method: 'GET', path: 'secrets/{name}/versions', action: 'secrets/readMetadata/action', run: listSecretVersions },
  { method: 'GET', path: 'secrets/{name}', action: 'secrets/getSecret/action', run: getSecret },
  { method: 'GET', path: 'secrets/{name}/{version}', action: 'secrets/getSecret/action', run: getSecret },
  { method: 'DELETE', path: 'secrets/{name}', action: 'secrets/delete', run: absent('delete secret') },
  { method: 'PATCH', path: 'secrets/{name}/{version}', action: 'secrets/update/action', run: absent('update secret') },
];

/** In the order of precedence: fixed words before names. */
export const routes: readonly Route[] = [...certificateRoutes, ...keyRoutes, ...secretRoutes];

export type Match =
  | { readonly state: 'found'; readonly route: Route; readonly name: string; readonly version: string }
  /** The path is known, the method is not. */
  | { readonly state: 'wrong-method' }
  | { readonly state: 'unknown' };

/** Finds the route of a method and a raw path. A trailing slash (an empty version) changes nothing. */
export function matchRoute(method: string, path: string): Match {
  const segments = path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decode);
  let known = false;
  for (const route of routes) {
    const values = matchPath(route.path.split('/'), segments);
    if (values === undefined) continue;
    known = true;
    if (route.method === method)
      return { state: 'found', route, name: values.name ?? '', version: values.version ?? '' };
  }
  return known ? { state: 'wrong-method' } : { state: 'unknown' };
}

function matchPath(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith('{')) values[part.slice(1, -1)] = segment;
    else if (part !== segment.toLowerCase()) return undefined;
  }
  return values;
}

/** A segment that can not be decoded stays as it is, and fails as a name. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
