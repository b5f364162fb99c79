import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';
import type { AccessControl, Principal } from '../access.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody } from '../emulator.ts';
import { createAdmission } from './admission.ts';
import {
  armError,
  authorizationFailed,
  expiredToken,
  invalidApiVersion,
  missingApiVersion,
  subscriptionNotFound,
  unauthenticated,
} from './answers.ts';
import type { AppService } from './app-service.ts';
import { certificateRoutes } from './certificate-routes.ts';
import { referenceRoutes } from './reference-routes.ts';
import { type ArmRoute, matchTemplate } from './request.ts';
import { siteRoutes } from './site-routes.ts';
import type { Bucket, Operation } from './throttle.ts';
import { type ArmTraffic, createArmTraffic } from './traffic.ts';

export const ARM_AUDIENCE = 'https://management.azure.com';

export interface ArmOptions {
  readonly access: AccessControl;
  readonly clock: Clock;
  readonly appService: AppService;
  /** Subscriptions that exist (GUIDs). */
  readonly subscriptions: readonly string[];
  /** Of other resources than App Service's. */
  readonly routes?: readonly ArmRoute[];
  /** Absent: Azure's. */
  readonly limits?: Readonly<Record<Operation, Bucket>>;
  /** Counts every request of somebody known. */
  readonly traffic?: ArmTraffic;
}

/** https://management.azure.com: App Service, and what `routes` adds. */
export function createArm(options: ArmOptions): Emulator {
  const { access, clock, appService } = options;
  const subscriptions = new Set(options.subscriptions.map((subscription) => subscription.toLowerCase()));
  const ofAppService = [certificateRoutes, siteRoutes, referenceRoutes].flatMap((routesOf) => routesOf(appService));
  const routes = [...ofAppService, ...(options.routes ?? [])];
  const { limits, traffic = createArmTraffic() } = options;
  const admit = createAdmission({ clock, limits, traffic });

  const answer = async (request: EmulatorRequest, principal: Principal): Promise<EmulatorResponse> => {
    const path = decodedPath(request.url);
    if (path === undefined) return armError(400, 'InvalidRequestUri', 'The request URI is not valid.');
    const ofTenant = path.toLowerCase().startsWith('/providers/');
    const subscription = path.split('/')[2] ?? '';
    if (!ofTenant && !subscriptions.has(subscription.toLowerCase())) return subscriptionNotFound(subscription);
    const wrongVersion = judgeApiVersion(request.url);
    if (wrongVersion !== undefined) return wrongVersion;
    const route = findRoute(routes, request.method, path);
    if (route === undefined) return armError(404, 'InvalidResourceType', 'The resource type could not be found.');
    const demand = (action: string, scope: string): EmulatorResponse | undefined =>
      access.allows(principal, action, scope.toLowerCase()) ? undefined : authorizationFailed(principal, action, scope);
    const scope = scopeOf(path);
    const body = jsonBody(request);
    // Who asks the tenant is asked nothing: what they see depends on what they may read.
    const refused = ofTenant ? undefined : demand(route.action, scope);
    return (
      refused ??
      (request.body.length > 0 && body === undefined
        ? armError(400, 'InvalidRequestContent', 'The request content was invalid and could not be deserialized.')
        : route.run({
            ...{ principal, path, parameters: route.parameters, query: request.url.searchParams },
            ...{ headers: request.headers, body, demand },
          }))
    );
  };

  return {
    async handle(request) {
      const { authorization } = request.headers;
      const principal = access.authenticate(authorization, ARM_AUDIENCE);
      if (principal === undefined) {
        const answer = access.isExpired?.(authorization)
          ? expiredToken()
          : unauthenticated(authorization !== undefined);
        return withHeaders(answer, request);
      }
      const { method, url } = request;
      const admitted = admit({ method, path: decodedPath(url) ?? url.pathname, principal });
      if (admitted.state === 'throttled') return withHeaders(admitted.response, request);
      return withHeaders(await answer(request, principal), request, admitted.headers);
    },
  };
}

function findRoute(routes: readonly ArmRoute[], method: string, path: string) {
  for (const route of routes.filter((candidate) => candidate.method === method)) {
    const parameters = matchTemplate(route.template, path);
    if (parameters !== undefined) return { action: route.action, run: route.run, parameters };
  }
  return undefined;
}

function decodedPath(url: URL): string | undefined {
  try {
    const segments = url.pathname.replace(/\/+$/, '').split('/').map(decodeURIComponent);
    return segments.some((segment) => segment.includes('/')) ? undefined : segments.join('/');
  } catch {
    return undefined;
  }
}

/** A collection is no resource: its scope is what it lies in. */
function scopeOf(path: string): string {
  const providers = path.toLowerCase().lastIndexOf('/providers/');
  const afterProvider = path.slice(providers).split('/').slice(3);
  if (afterProvider.length % 2 === 0) return path;
  return afterProvider.length === 1 ? path.slice(0, providers) : path.slice(0, path.lastIndexOf('/'));
}

function judgeApiVersion(url: URL): EmulatorResponse | undefined {
  const value = [...url.searchParams].find(([name]) => name.toLowerCase() === 'api-version')?.[1];
  if (value === undefined || value === '') return missingApiVersion();
  return /^\d{4}-\d{2}-\d{2}(-[a-z]+(\.\d+)?)?$/i.test(value) ? undefined : invalidApiVersion(value);
}

function withHeaders(
  answer: EmulatorResponse,
  request: EmulatorRequest,
  more: Readonly<Record<string, string>> = {},
): EmulatorResponse {
  const id = randomUUID();
  const headers = {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-ms-request-id': id,
    'x-ms-correlation-request-id': request.headers['x-ms-correlation-request-id'] ?? id,
    ...more,
    ...answer.headers,
  };
  return { ...answer, headers };
}
