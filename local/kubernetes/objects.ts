import { randomUUID } from 'node:crypto';
import type { Clock } from '../../src/clock.ts';

/** Any JSON object. */
export type Json = Readonly<Record<string, unknown>>;

export interface Metadata extends Json {
  readonly name: string;
  /** Absent: the object belongs to the whole cluster. */
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Counts changes of the specification; only of what has one that a controller follows. */
  readonly generation?: number;
  readonly creationTimestamp: string;
}

/** An object as the API shows it. */
export interface KubernetesObject extends Json {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
}

/** A kind of object that the API knows. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths. */
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** Patched by strategic merge, as only built-in kinds are. */
  readonly isBuiltIn: boolean;
}

export type Verb = 'get' | 'list' | 'patch' | 'create';

const SECRETS_STORE = 'secrets-store.csi.x-k8s.io';
const workload = {
  group: 'apps',
  version: 'v1',
  namespaced: true,
  verbs: ['get', 'list', 'patch'],
  isBuiltIn: true,
} as const;
const store = {
  group: SECRETS_STORE,
  version: 'v1',
  namespaced: true,
  verbs: ['get', 'list'],
  isBuiltIn: false,
} as const;

/** Every kind that is emulated. */
export const resources = {
  namespaces: { ...core('Namespace'), namespaced: false },
  secrets: core('Secret'),
  deployments: { ...workload, name: 'deployments', kind: 'Deployment' },
  statefulsets: { ...workload, name: 'statefulsets', kind: 'StatefulSet' },
  daemonsets: { ...workload, name: 'daemonsets', kind: 'DaemonSet' },
  secretproviderclasses: { ...store, name: 'secretproviderclasses', kind: 'SecretProviderClass' },
  secretproviderclasspodstatuses: {
    ...store,
    name: 'secretproviderclasspodstatuses',
    kind: 'SecretProviderClassPodStatus',
  },
} as const satisfies Readonly<Record<string, Resource>>;
export type ResourceName = keyof typeof resources;
export type WorkloadResource = 'deployments' | 'statefulsets' | 'daemonsets';
export const workloadResources: readonly WorkloadResource[] = ['deployments', 'statefulsets', 'daemonsets'];

function core<const K extends string>(kind: K) {
  const name = `${kind.toLowerCase()}s` as `${Lowercase<K>}s`;
  return { group: '', version: 'v1', name, kind, namespaced: true, verbs: ['get', 'list'], isBuiltIn: true } as const;
}

/** `v1`, or `apps/v1`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** What the cluster holds, each object under one resource version that grows with every change of anything (as in etcd). */
export interface ObjectStore {
  get(resource: ResourceName, namespace: string, name: string): KubernetesObject | undefined;
  /** By name. */
  list(resource: ResourceName, namespace: string): readonly KubernetesObject[];
  /** Makes or replaces. `spec`: the specification has changed, so that its generation counts on. */
  put(resource: ResourceName, namespace: string, body: NewObject, changed?: 'spec'): KubernetesObject;
  remove(resource: ResourceName, namespace: string, name: string): void;
  /** Of the whole store. */
  readonly resourceVersion: string;
}

export interface NewObject extends Json {
  readonly metadata: { readonly name: string } & Json;
}

export function createObjectStore(clock: Clock): ObjectStore {
  const held = new Map<string, KubernetesObject>();
  let version = 1000;
  const keyOf = (resource: ResourceName, namespace: string, name: string): string => `${resource}/${namespace}/${name}`;
  return {
    get: (resource, namespace, name) => held.get(keyOf(resource, namespace, name)),
    list: (resource, namespace) =>
      [...held]
        .filter(([key]) => key.startsWith(`${resource}/${namespace}/`))
        .map(([, object]) => object)
        .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
    put(resource, namespace, body, changed) {
      const key = keyOf(resource, namespace, body.metadata.name);
      const before = held.get(key)?.metadata;
      version += 1;
      const generation = (before?.generation ?? 0) + (changed === 'spec' ? 1 : 0);
      const object: KubernetesObject = {
        ...body,
        apiVersion: apiVersionOf(resources[resource]),
        kind: resources[resource].kind,
        metadata: {
          ...body.metadata,
          ...(namespace !== '' && { namespace }),
          uid: before?.uid ?? randomUUID(),
          resourceVersion: String(version),
          ...(generation > 0 && { generation }),
          creationTimestamp:
            before?.creationTimestamp ??
            clock
              .now()
              .toISOString()
              .replace(/\.\d+Z$/, 'Z'),
        },
      };
      held.set(key, object);
      return object;
    },
    remove: (resource, namespace, name) => void held.delete(keyOf(resource, namespace, name)),
    get resourceVersion() {
      return String(version);
    },
  };
}
