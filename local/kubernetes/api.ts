import type { AccessControl } from '../access.ts';
import { type Emulator, type EmulatorRequest, type EmulatorResponse, jsonBody, jsonResponse } from '../emulator.ts';
import {
  badRequest,
  conflict,
  denied,
  forbidden,
  noSuchPath,
  notFound,
  statusAnswer,
  unauthorized,
  unsupportedMediaType,
} from './answers.ts';
import { discovery } from './discovery.ts';
import { isObject, jsonMerge, strategicMerge } from './merge.ts';
import {
  apiVersionOf,
  type KubernetesObject,
  type NewObject,
  type ObjectStore,
  type Resource,
  type ResourceName,
  resources,
  type Verb,
  type WorkloadResource,
  workloadResources,
} from './objects.ts';
import type { Rbac } from './rbac.ts';
import type { ClusterFault } from './types.ts';

/** What AKS takes tokens for, in every cluster: the application "Azure Kubernetes Service AAD Server". */
export const AKS_AUDIENCE = '6dae42f8-4368-4678-94ff-3960e28e3630';

export interface KubernetesApiOptions {
  readonly access: AccessControl;
  readonly rbac: Rbac;
  readonly store: ObjectStore;
  readonly faults: Set<ClusterFault>;
  /** Called after a patch that changed what a workload shall be. */
  readonly changed: (resource: WorkloadResource, namespace: string, name: string) => void;
}

interface Place {
  readonly key: ResourceName;
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string | undefined;
}

/** The API server of one cluster, for whoever has a token of Entra ID and a Role. */
export function createKubernetesApi(options: KubernetesApiOptions): Emulator {
  const { access, rbac } = options;

  const answer = (request: EmulatorRequest, user: string): EmulatorResponse => {
    const path = request.url.pathname.replace(/\/+$/, '');
    const found = request.method === 'GET' ? discovery(path) : undefined;
    if (found !== undefined) return jsonResponse(200, found);
    if (path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews' && request.method === 'POST')
      return accessReview(rbac, user, jsonBody(request));
    const place = placeOf(path);
    if (place === undefined) return noSuchPath();
    const verb = verbOf(request.method, place);
    if (verb === undefined)
      return statusAnswer(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
    if (!rbac.allows({ user, verb, ...place })) return forbidden({ verb, ...place }, user);
    if (verb === 'list') return listed(options, place, request.url.searchParams);
    return verb === 'get' ? got(options, place) : patched(options, place, request);
  };

  return {
    async handle(request) {
      const principal = access.authenticate(request.headers.authorization, AKS_AUDIENCE);
      return principal === undefined ? unauthorized() : answer(request, principal.id);
    },
  };
}

/** `/api/v1/…` and `/apis/{group}/{version}/…`, with or without a namespace. */
function placeOf(path: string): Place | undefined {
  const parts = path.split('/').slice(1);
  const root = parts[0] === 'api' ? ['', ...parts.slice(1)] : parts[0] === 'apis' ? parts.slice(1) : undefined;
  const [group, version, ...rest] = root ?? [];
  const isIn = rest[0] === 'namespaces' && rest.length > 2;
  const [name, object, ...more] = isIn ? rest.slice(2) : rest;
  const key = name !== undefined && Object.hasOwn(resources, name) ? (name as ResourceName) : undefined;
  if (key === undefined || more.length > 0) return undefined;
  const resource: Resource = resources[key];
  const namespace = isIn ? (rest[1] ?? '') : '';
  const isThere = resource.group === group && resource.version === version && resource.namespaced === isIn;
  return isThere ? { key, resource, namespace, name: object } : undefined;
}

function verbOf(method: string, { resource, name }: Place): Verb | undefined {
  const verb = method === 'GET' ? (name === undefined ? 'list' : 'get') : method === 'PATCH' ? 'patch' : undefined;
  return verb !== undefined && resource.verbs.includes(verb) ? verb : undefined;
}

function got({ store }: KubernetesApiOptions, { key, resource, namespace, name = '' }: Place): EmulatorResponse {
  const object = store.get(key, namespace, name);
  return object === undefined ? notFound(resource, name) : jsonResponse(200, object);
}

/** Pages are cut from what there is now; a real server goes on with what there was. */
function listed(
  { store }: KubernetesApiOptions,
  { key, resource, namespace }: Place,
  query: URLSearchParams,
): EmulatorResponse {
  const strange = [...query.keys()].find((name) => !['limit', 'continue', 'pretty', 'resourceVersion'].includes(name));
  if (strange !== undefined) return badRequest(`the stand's API server does not know the parameter ${strange}`);
  const from = Number(Buffer.from(query.get('continue') ?? '', 'base64url').toString() || '0');
  const all = store.list(key, namespace);
  const limit = Number(query.get('limit') ?? '0') || all.length;
  const items = all.slice(from, from + limit);
  const rest = all.length - from - items.length;
  const more = rest > 0 && {
    continue: Buffer.from(String(from + limit)).toString('base64url'),
    remainingItemCount: rest,
  };
  const metadata = { resourceVersion: store.resourceVersion, ...more };
  return jsonResponse(200, { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items });
}

const merges = new Map([
  ['application/strategic-merge-patch+json', strategicMerge],
  ['application/merge-patch+json', jsonMerge],
]);

function patched(
  { store, faults, changed }: KubernetesApiOptions,
  { key, resource, namespace, name = '' }: Place,
  request: EmulatorRequest,
): EmulatorResponse {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const merge = resource.isBuiltIn ? merges.get(type) : type.startsWith('application/merge') ? jsonMerge : undefined;
  if (merge === undefined) return unsupportedMediaType(type);
  const patch = jsonBody(request);
  if (!isObject(patch)) return badRequest('error decoding patch: the body is no object');
  const object = store.get(key, namespace, name);
  if (object === undefined) return notFound(resource, name);
  const known = isObject(patch.metadata) ? patch.metadata.resourceVersion : undefined;
  const isStale = known !== undefined && known !== object.metadata.resourceVersion;
  if (isStale || faults.delete('k8s.409')) return conflict(resource, name);
  if (faults.has('k8s.denied')) return denied('[require-change-ticket] you must provide the annotation change-ticket');
  const after = merge(object, patch) as KubernetesObject;
  const isNew = JSON.stringify(after.spec) !== JSON.stringify(object.spec);
  if (!isNew && JSON.stringify(after.metadata) === JSON.stringify(object.metadata)) return jsonResponse(200, object);
  // Names, and what only the server writes, stay as they were.
  const metadata = { ...after.metadata, name, generation: object.metadata.generation };
  const body: NewObject = { ...after, metadata, ...(object.status !== undefined && { status: object.status }) };
  const written = store.put(key, namespace, body, isNew ? 'spec' : undefined);
  const workload = workloadResources.find((one) => one === key);
  if (isNew && workload !== undefined) changed(workload, namespace, name);
  return jsonResponse(200, written);
}

/** Whoever asks is told what he himself may do: authorization.k8s.io/v1, SelfSubjectAccessReview. */
function accessReview(rbac: Rbac, user: string, body: unknown): EmulatorResponse {
  const spec = isObject(body) && isObject(body.spec) ? body.spec : {};
  const asked = isObject(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const { namespace = '', verb, resource: plural, group = '', name } = asked as Readonly<Record<string, string>>;
  const resource = Object.values<Resource>(resources).find((one) => one.name === plural && one.group === group);
  const verbs: readonly Verb[] = ['get', 'list', 'patch', 'create'];
  const wanted = verbs.find((one) => one === verb);
  const allowed =
    resource !== undefined && wanted !== undefined && rbac.allows({ user, verb: wanted, resource, namespace, name });
  return jsonResponse(201, {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: {},
    spec,
    status: { allowed },
  });
}
