import { parseDocument } from 'yaml';
import { type Bundle, readBundle, sentChain } from '../arm/pfx.ts';
import { isObject } from './merge.ts';
import type { KubernetesObject, ObjectStore } from './objects.ts';
import type { MountedObject, Pod, VaultRead } from './types.ts';

/** The Secrets Store CSI driver with the Azure provider: https://secrets-store-csi-driver.sigs.k8s.io. */
export interface CsiDriver {
  /** Fills the volumes of a pod that starts; false when a class or what it names is not there. */
  mount(pod: Pod): Promise<boolean>;
  unmount(pod: Pod): void;
  /** Reads all again, for every pod: answers with those that got another version. */
  poll(): Promise<readonly Pod[]>;
  /** What the Secret that is kept in step holds. */
  synced(namespace: string, secretName: string): Bundle | undefined;
}

interface WantedObject {
  readonly objectName: string;
  readonly objectType: string;
  readonly objectAlias: string;
  readonly objectVersion: string;
}

export function createDriver({ store, read }: { readonly store: ObjectStore; readonly read: VaultRead }): CsiDriver {
  const pods = new Set<Pod>();
  const secrets = new Map<string, Bundle>();

  const fetchAll = async (spec: KubernetesObject): Promise<readonly MountedObject[] | undefined> => {
    const { vault, objects } = wantedOf(spec);
    if (objects.length === 0) return undefined;
    const found = await Promise.all(objects.map((wanted) => fetchOne(read, vault, wanted)));
    return found.every((one) => one !== undefined) ? found : undefined;
  };

  /** Makes the Secrets of a class, or brings them up to date: only where a pod mounts the class. */
  const sync = (spec: KubernetesObject, objects: readonly MountedObject[], mode: 'make' | 'update'): void => {
    const { namespace = '' } = spec.metadata;
    for (const { secretName, type, data } of secretObjectsOf(spec)) {
      // A Secret that is there already is left as it is until the next poll.
      if (mode === 'make' && store.get('secrets', namespace, secretName) !== undefined) continue;
      const bundle = objects.find(({ file }) => data.some(({ objectName }) => objectName === file))?.bundle;
      if (bundle === undefined || secrets.get(`${namespace}/${secretName}`) === bundle) continue;
      secrets.set(`${namespace}/${secretName}`, bundle);
      store.put('secrets', namespace, { metadata: { name: secretName }, type, data: tlsData(bundle) });
    }
  };

  const fill = async (pod: Pod, mode: 'make' | 'update'): Promise<'filled' | 'same' | 'failed'> => {
    let changed = false;
    for (const name of pod.classes) {
      const spec = store.get('secretproviderclasses', pod.namespace, name);
      const objects = spec && (await fetchAll(spec));
      if (spec === undefined || objects === undefined) return 'failed';
      const isNew = versionsOf(pod.mounted.get(name)) !== versionsOf(objects);
      changed ||= isNew;
      pod.mounted.set(name, objects);
      if (mode === 'make' || (isNew && pods.has(pod))) writeStatus(store, pod, { name, objects });
      sync(spec, objects, mode);
    }
    return changed ? 'filled' : 'same';
  };

  return {
    async mount(pod) {
      if ((await fill(pod, 'make')) === 'failed') return false;
      pods.add(pod);
      return true;
    },
    unmount(pod) {
      pods.delete(pod);
      for (const name of pod.classes)
        store.remove('secretproviderclasspodstatuses', pod.namespace, statusName(pod, name));
    },
    async poll() {
      const changed: Pod[] = [];
      for (const pod of pods) {
        if ((await fill(pod, 'update')) === 'filled') changed.push(pod);
      }
      return changed;
    },
    synced: (namespace, secretName) => secrets.get(`${namespace}/${secretName}`),
  };
}

async function fetchOne(
  read: VaultRead,
  vault: string,
  { objectName, objectType, objectAlias, objectVersion }: WantedObject,
): Promise<MountedObject | undefined> {
  // A pinned version is asked for by its path, as Key Vault has it.
  const found = await read(vault, objectVersion === '' ? objectName : `${objectName}/${objectVersion}`);
  if (found === undefined) return undefined;
  const bundle = found.contentType === 'application/x-pkcs12' ? readBundle(found.value) : undefined;
  const file = objectAlias === '' ? objectName : objectAlias;
  return { id: `${objectType}/${objectName}`, version: found.version, file, ...(bundle && { bundle }) };
}

/** `{pod}-{namespace}-{class}`, as the driver calls it. */
function statusName({ name, namespace }: Pod, className: string): string {
  return `${name}-${namespace}-${className}`;
}

function writeStatus(
  store: ObjectStore,
  pod: Pod,
  { name, objects }: { readonly name: string; readonly objects: readonly MountedObject[] },
): void {
  store.put('secretproviderclasspodstatuses', pod.namespace, {
    metadata: { name: statusName(pod, name) },
    status: {
      mounted: true,
      objects: objects.map(({ id, version }) => ({ id, version })),
      podName: pod.name,
      secretProviderClassName: name,
      targetPath: `/var/lib/kubelet/pods/${pod.name}/volumes/kubernetes.io~csi/secrets-store/mount`,
    },
  });
}

function versionsOf(objects: readonly MountedObject[] | undefined): string | undefined {
  return objects?.map(({ version }) => version).join();
}

interface Wanted {
  readonly vault: string;
  readonly objects: readonly WantedObject[];
}

/** By what the store holds, which is another object after each change: the YAML of a class is read at every poll. */
const wantedBefore = new WeakMap<KubernetesObject, Wanted>();

function wantedOf(spec: KubernetesObject): Wanted {
  const wanted = wantedBefore.get(spec) ?? readWanted(spec);
  wantedBefore.set(spec, wanted);
  return wanted;
}

function readWanted(spec: KubernetesObject): Wanted {
  const parameters = objectMember(objectMember(spec, 'spec'), 'parameters');
  const list = parsed(text(parameters, 'objects'));
  const array = isObject(list) && Array.isArray(list.array) ? list.array : [];
  return {
    vault: text(parameters, 'keyvaultName'),
    objects: array.map((one) => {
      const wanted = parsed(String(one));
      const of = (key: string): string => (isObject(wanted) ? text(wanted, key) : '');
      return {
        objectName: of('objectName'),
        objectType: of('objectType'),
        objectAlias: of('objectAlias'),
        objectVersion: of('objectVersion'),
      };
    }),
  };
}

interface SecretObject {
  readonly secretName: string;
  readonly type: string;
  readonly data: readonly { readonly objectName: string }[];
}

function secretObjectsOf(spec: KubernetesObject): readonly SecretObject[] {
  return (objectMember(spec, 'spec').secretObjects ?? []) as readonly SecretObject[];
}

function tlsData(bundle: Bundle): Readonly<Record<string, string>> {
  const certificates = sentChain(bundle).map((certificate) => certificate.toString());
  const key = bundle.key.export({ format: 'pem', type: 'pkcs8' }).toString();
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
  return { 'tls.crt': base64(certificates.join('')), 'tls.key': base64(key) };
}

/** What is no YAML is nothing: the pod that wants it does not start. */
function parsed(yaml: string): unknown {
  const document = parseDocument(yaml);
  return document.errors.length > 0 ? undefined : document.toJS();
}

function objectMember(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found = isObject(value) ? value[key] : undefined;
  return isObject(found) ? found : {};
}

function text(value: Readonly<Record<string, unknown>>, key: string): string {
  const found = value[key];
  return found === undefined || found === null ? '' : String(found);
}
