import type { Operation } from './call.ts';
import { ok } from './call.ts';
import {
  getCertificate,
  getPolicy,
  listCertificates,
  listVersions,
  updateCertificate,
  updatePolicy,
} from './certificates.ts';
import { deleteCertificate, getDeleted, listDeleted, purgeDeleted, recoverDeleted } from './deleted.ts';
import { contactsNotFound, issuerNotFound, notSupported } from './errors.ts';
import { importCertificate } from './import.ts';
import { getKey, getSecret, signWithKey } from './managed.ts';
import { cancelPending, createCertificate, deletePending, getPending, mergePending } from './pending.ts';

/** One operation of the data plane. */
export interface Route {
  readonly method: string;
  /** `{name}` and `{version}` stand for one segment each. */
  readonly path: string;
  /** Azure's data action, without the provider and `vaults/`. */
  readonly action: string;
  readonly run: Operation;
}

const none =
  (refusal: () => Error): Operation =>
  () => {
    throw refusal();
  };
const later = (operation: string): Operation => none(() => notSupported(operation));
const noIssuers: Operation = () => ok({ value: [], nextLink: null });

/** In the order of precedence: fixed words before names. The places of what comes later are held by `later`. */
export const routes: readonly Route[] = [
  { method: 'GET', path: 'certificates', action: 'certificates/read', run: listCertificates },
  { method: 'POST', path: 'certificates/restore', action: 'certificates/restore/action', run: later('restore') },
  { method: 'GET', path: 'certificates/contacts', action: 'certificatecontacts/write', run: none(contactsNotFound) },
  { method: 'PUT', path: 'certificates/contacts', action: 'certificatecontacts/write', run: later('set contacts') },
  { method: 'DELETE', path: 'certificates/contacts', action: 'certificatecontacts/write', run: none(contactsNotFound) },
  { method: 'GET', path: 'certificates/issuers', action: 'certificatecas/read', run: noIssuers },
  { method: 'GET', path: 'certificates/issuers/{name}', action: 'certificatecas/read', run: none(issuerNotFound) },
  { method: 'PUT', path: 'certificates/issuers/{name}', action: 'certificatecas/write', run: later('set issuer') },
  { method: 'PATCH', path: 'certificates/issuers/{name}', action: 'certificatecas/write', run: none(issuerNotFound) },
  { method: 'DELETE', path: 'certificates/issuers/{name}', action: 'certificatecas/delete', run: none(issuerNotFound) },

  { method: 'POST', path: 'certificates/{name}/create', action: 'certificates/create/action', run: createCertificate },
  { method: 'POST', path: 'certificates/{name}/import', action: 'certificates/import/action', run: importCertificate },
  { method: 'POST', path: 'certificates/{name}/backup', action: 'certificates/backup/action', run: later('backup') },
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

  { method: 'GET', path: 'keys/{name}', action: 'keys/read', run: getKey },
  { method: 'GET', path: 'keys/{name}/{version}', action: 'keys/read', run: getKey },
  { method: 'POST', path: 'keys/{name}/{version}/sign', action: 'keys/sign/action', run: signWithKey },
  { method: 'GET', path: 'secrets/{name}', action: 'secrets/getSecret/action', run: getSecret },
  { method: 'GET', path: 'secrets/{name}/{version}', action: 'secrets/getSecret/action', run: getSecret },
];

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
