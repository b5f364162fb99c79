import type { Principal } from '../access.ts';
import type { EmulatorRequest, EmulatorResponse } from '../emulator.ts';
import type { VaultEvent } from '../events/types.ts';
import type { VaultContext } from './call.ts';
import { vaultAudience } from './challenge.ts';
import { matchRoute } from './routes.ts';

/** One line of the vault's audit log (category AuditEvent): every call, refused ones too, and what the vault announces. */
export interface AuditRecord {
  readonly time: Date;
  /** As Key Vault names it: `SecretGet`. */
  readonly operation: string;
  readonly status: number;
  /** `OK`, `Unauthorized`, `Forbidden`, … */
  readonly signature: string;
  readonly description: string;
  readonly milliseconds: number;
  /** Absent when the call had no token that counts, and of what the vault does by itself. */
  readonly caller?: Principal;
  /** Of the client; empty when nobody called. */
  readonly address: string;
  /** Of the object, with its version where the answer tells it. */
  readonly id: string;
  readonly requestUri: string;
  readonly client: string;
  readonly correlationId: string;
  /** ARM id of the vault. */
  readonly resourceId: string;
}

/** Names of https://learn.microsoft.com/azure/key-vault/general/logging#interpret-your-key-vault-logs, by route. */
export const operationNames: Readonly<Record<string, string>> = {
  'GET certificates': 'CertificateList',
  'POST certificates/restore': 'CertificateRestore',
  'GET certificates/contacts': 'CertificateContactsGet',
  'PUT certificates/contacts': 'CertificateContactsSet',
  'DELETE certificates/contacts': 'CertificateContactsDelete',
  'GET certificates/issuers': 'CertificateIssuersList',
  'GET certificates/issuers/{name}': 'CertificateIssuerGet',
  'PUT certificates/issuers/{name}': 'CertificateIssuerSet',
  'PATCH certificates/issuers/{name}': 'CertificateIssuerUpdate',
  'DELETE certificates/issuers/{name}': 'CertificateIssuerDelete',
  'POST certificates/{name}/create': 'CertificateCreate',
  'POST certificates/{name}/import': 'CertificateImport',
  'POST certificates/{name}/backup': 'CertificateBackup',
  'GET certificates/{name}/versions': 'CertificateListVersions',
  'GET certificates/{name}/policy': 'CertificatePolicyGet',
  'PATCH certificates/{name}/policy': 'CertificatePolicyUpdate',
  'GET certificates/{name}/pending': 'CertificatePendingGet',
  'PATCH certificates/{name}/pending': 'CertificatePendingUpdate',
  'DELETE certificates/{name}/pending': 'CertificatePendingDelete',
  'POST certificates/{name}/pending/merge': 'CertificatePendingMerge',
  'GET certificates/{name}': 'CertificateGet',
  'PATCH certificates/{name}': 'CertificateUpdate',
  'DELETE certificates/{name}': 'CertificateDelete',
  'GET certificates/{name}/{version}': 'CertificateGet',
  'PATCH certificates/{name}/{version}': 'CertificateUpdate',
  'GET deletedcertificates': 'CertificateListDeleted',
  'GET deletedcertificates/{name}': 'CertificateGetDeleted',
  'POST deletedcertificates/{name}/recover': 'CertificateRecover',
  'DELETE deletedcertificates/{name}': 'CertificatePurge',
  'GET keys': 'KeyList',
  'POST keys/{name}/create': 'KeyCreate',
  'GET keys/{name}/versions': 'KeyListVersions',
  'GET keys/{name}': 'KeyGet',
  'GET keys/{name}/{version}': 'KeyGet',
  'POST keys/{name}/{version}/sign': 'KeySign',
  'POST keys/{name}/{version}/verify': 'KeyVerify',
  'PUT keys/{name}': 'KeyImport',
  'DELETE keys/{name}': 'KeyDelete',
  'PATCH keys/{name}/{version}': 'KeyUpdate',
  'GET secrets': 'SecretList',
  'PUT secrets/{name}': 'SecretSet',
  'GET secrets/{name}/versions': 'SecretListVersions',
  'GET secrets/{name}': 'SecretGet',
  'GET secrets/{name}/{version}': 'SecretGet',
  'DELETE secrets/{name}': 'SecretDelete',
  'PATCH secrets/{name}/{version}': 'SecretUpdate',
};

const signatures: Readonly<Record<number, string>> = {
  200: 'OK',
  202: 'Accepted',
  204: 'NoContent',
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  429: 'TooManyRequests',
};

/** What the vault notes of a call that it has answered. Nothing of either body but the object's id and an error's text. */
export function auditOfCall(
  { options, chance }: VaultContext,
  {
    request,
    response,
    began,
    ended,
  }: { request: EmulatorRequest; response: EmulatorResponse; began: Date; ended: Date },
): AuditRecord {
  const { authorization } = request.headers;
  const caller = options.access.authenticate(authorization, vaultAudience);
  const told = bodyOf(response);
  return {
    time: began,
    operation: operationOf(request, response),
    status: response.status,
    signature: signatures[response.status] ?? String(response.status),
    description: told.error?.message?.split('\r\n', 1)[0] ?? '',
    milliseconds: ended.getTime() - began.getTime(),
    ...(caller && { caller }),
    address: request.address ?? '',
    id: told.id ?? `${options.uri}${request.url.pathname.replace(/\/$/, '')}`,
    requestUri: request.url.href,
    client: request.headers['user-agent'] ?? '',
    correlationId: request.headers['x-ms-client-request-id'] ?? chance.guid(),
    resourceId: options.resourceId,
  };
}

/** Key Vault notes its announcements whether or not anybody is subscribed; of new versions it notes none. */
export function auditOfEvent(event: VaultEvent): AuditRecord | undefined {
  const operation = announcements[event.type];
  if (operation === undefined) return undefined;
  return {
    ...{ time: event.time, operation, status: 200, signature: 'OK', description: '', milliseconds: 0 },
    ...{ address: '', id: event.id, requestUri: '', client: '', correlationId: '', resourceId: event.vaultResourceId },
  };
}

const announcements: Partial<Readonly<Record<VaultEvent['type'], string>>> = {
  'Microsoft.KeyVault.CertificateNearExpiry': 'CertificateNearExpiryEventGridNotification',
  'Microsoft.KeyVault.CertificateExpired': 'CertificateExpiredEventGridNotification',
};

/** A call without a token that counts is no operation yet. */
function operationOf({ method, url }: EmulatorRequest, { status }: EmulatorResponse): string {
  if (status === 401) return 'Authentication';
  const match = matchRoute(method, url.pathname);
  return match.state === 'found' ? (operationNames[`${match.route.method} ${match.route.path}`] ?? '') : '';
}

interface Told {
  readonly id?: string;
  readonly error?: { readonly message?: string };
}

function bodyOf({ body }: EmulatorResponse): Told {
  if (typeof body !== 'string') return {};
  return JSON.parse(body) as Told;
}
