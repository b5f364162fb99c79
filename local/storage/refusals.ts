import { randomUUID } from 'node:crypto';
import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import type { StorageService } from './shared-key.ts';

/** Whom a token must be for, whatever the account. */
export const storageAudience = 'https://storage.azure.com';

/** Why storage turns a request away, in its own words. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const LOOK_AT_CHALLENGE =
  'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.';

/** No credential, or a token that is not for storage, not ours, or over. */
export function unauthenticated(hasToken: boolean, tenantId: string): Refusal {
  const authority = `https://login.microsoftonline.com/${tenantId}/oauth2/authorize`;
  return {
    status: 401,
    code: hasToken ? 'InvalidAuthenticationInfo' : 'NoAuthenticationInformation',
    message: LOOK_AT_CHALLENGE,
    headers: { 'www-authenticate': `Bearer authorization_uri=${authority} resource_id=${storageAudience}` },
  };
}

export const keyNotPermitted: Refusal = {
  status: 403,
  code: 'KeyBasedAuthenticationNotPermitted',
  message: 'Key based authentication is not permitted on this storage account.',
};

export const notAllowed: Refusal = {
  status: 403,
  code: 'AuthorizationPermissionMismatch',
  message: 'This request is not authorized to perform this operation using this permission.',
};

export const busy: Refusal = { status: 503, code: 'ServerBusy', message: 'The server is busy.' };

/** Not Azure's: what the front does not know must not look like an answer to it. */
export const unknownOperation: Refusal = {
  status: 501,
  code: 'NotImplemented',
  message: 'The storage of the stand does not know this operation.',
};

/** XML of the Blob service, JSON of the Table service; the code is a header too. */
export function refusalResponse(service: StorageService, refusal: Refusal): EmulatorResponse {
  const { status, code, message } = refusal;
  const requestId = randomUUID();
  const text = `${message}\nRequestId:${requestId}\nTime:${new Date().toISOString()}`;
  const headers = { 'x-ms-error-code': code, 'x-ms-request-id': requestId, ...refusal.headers };
  if (service === 'table') {
    const body = { 'odata.error': { code, message: { lang: 'en-US', value: text } } };
    return jsonResponse(status, body, headers);
  }
  const body = `\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${text}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body };
}
