import type { SecretRef } from './port.ts';

/**
 * A text as a literal of the query language: what is not plain is written as its code, so that nothing in it can end the
 * literal. The only way for a value to get into a query.
 */
export function kqlText(value: string): string {
  const plain = value.replace(
    /[^A-Za-z0-9 ./:_-]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${plain}"`;
}

/** Announcements beyond this are older ones: what counts is the newest of a vault. */
const MOST_ANNOUNCEMENTS = 1000;

/** Columns: at, resource, object. */
export const announcementsQuery = `AZKVAuditLogs
| where OperationName in ('CertificateNearExpiryEventGridNotification', 'CertificateExpiredEventGridNotification')
| project at = TimeGenerated, resource = _ResourceId, object = Id
| order by at desc
| take ${MOST_ANNOUNCEMENTS}`;

/** Columns: resource, firstAt, lastAt. */
export function loggedVaultsQuery(resourceId?: string): string {
  const ofOne = resourceId === undefined ? '' : `\n| where _ResourceId =~ ${kqlText(resourceId)}`;
  return `AZKVAuditLogs${ofOne}
| summarize firstAt = min(TimeGenerated), lastAt = max(TimeGenerated) by resource = _ResourceId`;
}

/** Of claims Azure has a short and a long name. */
const CALLER = `| extend objectId = coalesce(tostring(Identity.claim.oid), tostring(Identity.claim['http://schemas.microsoft.com/identity/claims/objectidentifier']))
| extend applicationId = tostring(Identity.claim.appid)
| extend person = coalesce(tostring(Identity.claim.upn), tostring(Identity.claim['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn']))`;

/** Columns: resource, secret, objectId, applicationId, person, reads, lastAt. */
export function secretCallersQuery(limit: number): string {
  return `AZKVAuditLogs
| where OperationName == 'SecretGet' and HttpStatusCode == 200
${CALLER}
| extend secret = tolower(tostring(split(Id, '/')[4]))
| summarize reads = count(), lastAt = max(TimeGenerated) by resource = _ResourceId, secret, objectId, applicationId, person
| order by lastAt desc
| take ${limit}`;
}

/** Columns: objectId, applicationId, person, address, reads, firstAt, lastAt. */
export function readersQuery({ resourceId, vault, name }: SecretRef, limit: number): string {
  const secret = `${vault}/secrets/${name}`;
  return `AZKVAuditLogs
| where OperationName == 'SecretGet' and HttpStatusCode == 200
| where _ResourceId =~ ${kqlText(resourceId)}
| where Id =~ ${kqlText(secret)} or Id startswith ${kqlText(`${secret}/`)}
${CALLER}
| summarize reads = count(), firstAt = min(TimeGenerated), lastAt = max(TimeGenerated) by objectId, applicationId, person, address = CallerIpAddress
| order by lastAt desc
| take ${limit}`;
}
