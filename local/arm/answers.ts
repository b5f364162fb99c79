import type { Principal } from '../access.ts';
import { type EmulatorResponse, jsonResponse } from '../emulator.ts';
import type { Operation, Toll } from './throttle.ts';

/** An error of Azure Resource Manager itself. */
export function armError(status: number, code: string, message: string): EmulatorResponse {
  return jsonResponse(status, { error: { code, message } });
}

/** An error of App Service's resource provider, which spells its fields in its own way. */
export function webError(status: number, code: string, message: string): EmulatorResponse {
  return jsonResponse(status, {
    Code: code,
    Message: message,
    Target: null,
    Details: [
      { Message: message },
      { Code: code },
      { ErrorEntity: { Code: code, Message: message, ExtendedCode: null, MessageTemplate: message, Parameters: [] } },
    ],
    Innererror: null,
  });
}

export function unauthenticated(hasToken: boolean): EmulatorResponse {
  const answer = hasToken
    ? armError(401, 'InvalidAuthenticationToken', 'The access token is invalid.')
    : armError(401, 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
  return challenged(answer);
}

export function expiredToken(): EmulatorResponse {
  return challenged(armError(401, 'ExpiredAuthenticationToken', 'The access token expiry UTC time is in the past.'));
}

function challenged(answer: EmulatorResponse): EmulatorResponse {
  const challenge = 'Bearer authorization_uri="https://login.windows.net/", error="invalid_token"';
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': challenge } };
}

export function authorizationFailed(principal: Principal, action: string, scope: string): EmulatorResponse {
  const message =
    `The client '${principal.id}' with object id '${principal.id}' does not have authorization to perform action ` +
    `'${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your ` +
    'credentials.';
  return armError(403, 'AuthorizationFailed', message);
}

export function missingApiVersion(): EmulatorResponse {
  const message = 'The api-version query parameter (?api-version=) is required for all requests.';
  return armError(400, 'MissingApiVersionParameter', message);
}

export function invalidApiVersion(value: string): EmulatorResponse {
  return armError(400, 'InvalidApiVersionParameter', `The api-version '${value}' is invalid.`);
}

export function subscriptionNotFound(subscription: string): EmulatorResponse {
  return armError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`);
}

export function resourceNotFound(type: string, name: string, resourceGroup: string): EmulatorResponse {
  const message =
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go ` +
    'to https://aka.ms/ARMResourceNotFoundFix';
  return armError(404, 'ResourceNotFound', message);
}

/** A nested resource in something that is not there: `type` without the provider, `parent` an ARM id. */
export function parentNotFound(verb: string, type: string, parent: string): EmulatorResponse {
  const message =
    `Failed to perform '${verb}' on resource(s) of type '${type}', because the parent resource '${parent}' could not be ` +
    'found.';
  return armError(404, 'ParentResourceNotFound', message);
}

/** ARM's own bucket is empty. The sentence is the one that clients report of Azure. */
export function tooManyRequests(
  retryAfterSeconds: number,
  {
    operation,
    subscription,
    principal,
  }: { readonly operation: Operation; readonly subscription: string; readonly principal: string },
): EmulatorResponse {
  const message =
    `Number of '${operation.slice(0, -1)}' requests for subscription actor '${subscription}:${principal}' exceeded. ` +
    `Please try again after '${retryAfterSeconds}' seconds after additional tokens are available. Refer to ` +
    'https://aka.ms/arm-throttling for additional information.';
  return waiting(armError(429, 'SubscriptionRequestsThrottled', message), retryAfterSeconds);
}

/** A bucket of Compute is empty: the shape of "Troubleshooting API throttling errors", without `error` around it. */
export function tooManyComputeRequests(
  retryAfterSeconds: number,
  { policy, bucket }: Toll,
  now: Date,
): EmulatorResponse {
  const window = {
    operationGroup: policy,
    startTime: new Date(now.getTime() - 60_000).toISOString(),
    endTime: now.toISOString(),
    allowedRequestCount: bucket.burst,
    measuredRequestCount: bucket.burst + 1,
  };
  const answer = jsonResponse(429, {
    code: 'OperationNotAllowed',
    message: 'The server rejected the request because too many requests have been received for this subscription.',
    details: [{ code: 'TooManyRequests', target: policy, message: JSON.stringify(window) }],
  });
  return waiting(answer, retryAfterSeconds);
}

function waiting(answer: EmulatorResponse, seconds: number): EmulatorResponse {
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(seconds) } };
}
