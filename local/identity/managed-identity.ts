import { randomUUID } from 'node:crypto';
import { type EmulatorRequest, type EmulatorResponse, jsonResponse } from '../emulator.ts';

/** An identity as the platform knows it. */
export interface ManagedPrincipal {
  readonly id: string;
  readonly name: string;
  readonly clientId: string;
  /** ARM id of the user-assigned identity. */
  readonly resourceId?: string;
  /** The identity that is meant when the client names none. */
  readonly systemAssigned?: boolean;
}

export interface IssuedToken {
  readonly token: string;
  /** Unix seconds. */
  readonly expiresOn: number;
}

export interface ManagedIdentityOptions {
  /** What the client must send as `X-IDENTITY-HEADER`. */
  readonly secret: string;
  principals(): readonly ManagedPrincipal[];
  issue(principal: ManagedPrincipal, audience: string): IssuedToken;
}

/** `GET /msi/token` of App Service, version 2019-08-01. */
export function managedIdentityToken(request: EmulatorRequest, options: ManagedIdentityOptions): EmulatorResponse {
  if (request.method !== 'GET') return refusal(405, 'The requested resource does not support this method.');
  if (request.headers['x-identity-header'] !== options.secret) {
    return refusal(401, 'The header X-IDENTITY-HEADER is missing or wrong.');
  }
  const query = request.url.searchParams;
  const resource = query.get('resource');
  if (query.get('api-version') !== '2019-08-01') return refusal(400, 'The api-version is missing or not supported.');
  if (!resource) return refusal(400, 'The parameter resource is missing.');
  const principal = choosePrincipal(query, options.principals());
  if (principal === undefined) {
    return refusal(
      400,
      'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
    );
  }
  const { token, expiresOn } = options.issue(principal, resource);
  return jsonResponse(200, {
    access_token: token,
    expires_on: String(expiresOn),
    resource,
    token_type: 'Bearer',
    client_id: principal.clientId,
  });
}

function choosePrincipal(
  query: URLSearchParams,
  principals: readonly ManagedPrincipal[],
): ManagedPrincipal | undefined {
  const wanted = (name: string): string | undefined => query.get(name)?.toLowerCase();
  const clientId = wanted('client_id');
  const resourceId = wanted('mi_res_id');
  const objectId = wanted('principal_id') ?? wanted('object_id');
  if (clientId !== undefined) return principals.find((one) => one.clientId.toLowerCase() === clientId);
  if (resourceId !== undefined) return principals.find((one) => one.resourceId?.toLowerCase() === resourceId);
  if (objectId !== undefined) return principals.find((one) => one.id.toLowerCase() === objectId);
  return principals.find((one) => one.systemAssigned === true);
}

const refusal = (statusCode: number, message: string): EmulatorResponse =>
  jsonResponse(statusCode, { statusCode, message, correlationId: randomUUID() });
