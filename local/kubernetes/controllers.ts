import { randomBytes } from 'node:crypto';
import type { StandClock } from '../clock.ts';
import type { CsiDriver } from './driver.ts';
import { isObject } from './merge.ts';
import type { KubernetesObject, ObjectStore, WorkloadResource } from './objects.ts';
import type { Application, ClusterFault, Pod, WorkloadSeed } from './types.ts';

/** What Kubernetes does by itself: pods of the newest template take the places of the others, one after the other. */
export interface Controllers {
  /** Starts all pods of a new workload at once. */
  add(seed: WorkloadSeed): Promise<void>;
  /** A workload's specification has changed. */
  changed(resource: WorkloadResource, namespace: string, name: string): void;
  /** Its nodes are drained: all pods of a workload are made anew, of the template that it has. */
  evict(namespace: string, workload: string): void;
  /** Oldest first. */
  pods(namespace: string, workload: string): readonly Pod[];
  /** Calls `then` after each change of what a pod has loaded, or of which pods there are. */
  watch(then: () => void): void;
  stop(): void;
}

export interface ControllerOptions {
  readonly store: ObjectStore;
  readonly driver: CsiDriver;
  readonly clock: StandClock;
  /** How long a pod takes to start. */
  readonly podSeconds: number;
  readonly pollSeconds: number;
  readonly faults: ReadonlySet<ClusterFault>;
  /** Keeps account of what goes on. */
  readonly track: (work: Promise<void>) => void;
}

interface Place {
  readonly seed: WorkloadSeed;
  readonly pods: Pod[];
  progressAt: Date;
  timer?: () => void;
  /** Counts changes of the specification: what was begun for an earlier one ends. */
  turn: number;
}

const PROGRESS_DEADLINE_SECONDS = 600;

export function createControllers(options: ControllerOptions): Controllers {
  const { store, driver, clock, podSeconds, pollSeconds, faults, track } = options;
  const places = new Map<string, Place>();
  const watchers: (() => void)[] = [];
  const tell = (): void => {
    for (const then of watchers) then();
  };
  const after = (seconds: number, work: () => Promise<void>): (() => void) =>
    clock.at(new Date(clock.now().getTime() + seconds * 1000), () => track(work()));

  const objectOf = ({ seed: { resource, namespace, name } }: Place): KubernetesObject | undefined =>
    store.get(resource, namespace, name);

  const start = async (place: Place, template: string): Promise<boolean> => {
    const pod = newPod(place.seed, template);
    const isMounted = await driver.mount(pod);
    pod.ready = isMounted && !faults.has('k8s.stuck');
    if (!pod.ready) {
      driver.unmount(pod);
      return false;
    }
    load(driver, pod);
    place.pods.push(pod);
    place.progressAt = clock.now();
    return true;
  };

  const step = async (place: Place): Promise<void> => {
    const object = objectOf(place);
    if (object === undefined) return;
    const { turn } = place;
    const template = templateOf(object);
    const isOld = (pod: Pod): boolean => pod.template !== template;
    const removeOne = (): void => {
      const at = place.pods.findIndex(isOld);
      const [gone] = at < 0 ? [] : place.pods.splice(at, 1);
      if (gone !== undefined) driver.unmount(gone);
    };
    // Only a Deployment starts the new pod before the old one is taken away.
    const surges = place.seed.resource === 'deployments';
    const wanted = place.seed.replicas;
    if (place.pods.filter((pod) => !isOld(pod)).length < wanted) {
      if (!surges) removeOne();
      if ((await start(place, template)) && surges) removeOne();
    } else removeOne();
    const newest = objectOf(place);
    tell();
    if (newest === undefined || place.turn !== turn) return;
    const isDone = place.pods.length === wanted && !place.pods.some(isOld);
    writeStatus(store, newest, { pods: place.pods, wanted, template, isLate: isLate(place) });
    if (!isDone) place.timer = after(podSeconds, () => step(place));
  };

  const isLate = ({ progressAt }: Place): boolean =>
    clock.now().getTime() - progressAt.getTime() > PROGRESS_DEADLINE_SECONDS * 1000;

  const poll = async (): Promise<void> => {
    if (!faults.has('csi.stuck')) {
      await driver.poll();
      for (const { pods } of places.values()) {
        for (const pod of pods) if (pod.application.reads === 'reload') load(driver, pod);
      }
      tell();
    }
    polling = after(pollSeconds, poll);
  };
  let polling = after(pollSeconds, poll);

  const placeOf = (namespace: string, workload: string): Place | undefined =>
    [...places.values()].find(({ seed }) => seed.namespace === namespace && seed.name === workload);
  const workOn = (place: Place): void => {
    place.timer?.();
    place.turn += 1;
    place.progressAt = clock.now();
    place.timer = after(1, () => step(place));
  };

  return {
    async add(seed) {
      const place: Place = { seed, pods: [], progressAt: clock.now(), turn: 0 };
      const object = store.put(seed.resource, seed.namespace, bodyOf(seed), 'spec');
      places.set(`${seed.namespace}/${seed.resource}/${seed.name}`, place);
      const template = templateOf(object);
      for (let at = 0; at < seed.replicas; at++) await start(place, template);
      writeStatus(store, object, { pods: place.pods, wanted: seed.replicas, template, isLate: false });
      tell();
    },
    changed(resource, namespace, name) {
      const place = places.get(`${namespace}/${resource}/${name}`);
      if (place !== undefined) workOn(place);
    },
    evict(namespace, workload) {
      const place = placeOf(namespace, workload);
      if (place === undefined) return;
      for (const pod of place.pods.splice(0)) driver.unmount(pod);
      workOn(place);
    },
    pods: (namespace, workload) => placeOf(namespace, workload)?.pods ?? [],
    watch: (then) => void watchers.push(then),
    stop() {
      polling();
      for (const { timer } of places.values()) timer?.();
    },
  };
}

function newPod({ namespace, name, application }: WorkloadSeed, template: string): Pod {
  const classes = application.from === 'volume' ? [application.secretProviderClass] : [];
  return {
    ...{ namespace, application, classes, template },
    name: `${name}-${randomBytes(4).toString('hex')}-${randomBytes(3).toString('hex').slice(0, 5)}`,
    owner: name,
    mounted: new Map(),
    ready: false,
    loaded: undefined,
  };
}

/** The process reads its certificate where it finds it now. */
function load(driver: CsiDriver, pod: Pod): void {
  const { from, secretProviderClass, secretName = '' } = pod.application;
  const files = pod.mounted.get(secretProviderClass) ?? [];
  const found =
    from === 'secret' ? driver.synced(pod.namespace, secretName) : files.find(({ bundle }) => bundle)?.bundle;
  pod.loaded = found ?? pod.loaded;
}

function bodyOf({ resource, name, replicas, application, spec }: WorkloadSeed) {
  const labels = { app: name };
  return {
    metadata: { name, labels },
    spec: {
      ...(resource !== 'daemonsets' && { replicas }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec(name, application) },
      ...spec,
    },
    status: {},
  };
}

function podSpec(name: string, { from, secretProviderClass, secretName }: Application) {
  const driver = 'secrets-store.csi.k8s.io';
  const csi = { driver, readOnly: true, volumeAttributes: { secretProviderClass } };
  const volume = from === 'volume' ? { name: 'tls', csi } : { name: 'tls', secret: { secretName } };
  const volumeMounts = [{ name: 'tls', mountPath: '/tls', readOnly: true }];
  return { containers: [{ name, image: `registry.contoso.example/${name}:1`, volumeMounts }], volumes: [volume] };
}

function templateOf(object: KubernetesObject): string {
  return JSON.stringify(isObject(object.spec) ? object.spec.template : undefined);
}

interface Progress {
  readonly pods: readonly Pod[];
  readonly wanted: number;
  readonly template: string;
  readonly isLate: boolean;
}

function writeStatus(store: ObjectStore, object: KubernetesObject, progress: Progress): void {
  const { namespace = '', generation } = object.metadata;
  const resource = `${object.kind.toLowerCase()}s` as WorkloadResource;
  const { pods, wanted, template, isLate } = progress;
  const updated = pods.filter((pod) => pod.template === template).length;
  const isDone = updated === wanted && pods.length === wanted;
  const counts =
    resource === 'daemonsets'
      ? {
          desiredNumberScheduled: wanted,
          currentNumberScheduled: pods.length,
          updatedNumberScheduled: updated,
          numberAvailable: pods.length,
        }
      : { replicas: pods.length, updatedReplicas: updated, readyReplicas: pods.length, availableReplicas: pods.length };
  const reason = isDone ? 'NewReplicaSetAvailable' : isLate ? 'ProgressDeadlineExceeded' : 'ReplicaSetUpdated';
  const conditions = [{ type: 'Progressing', status: isLate && !isDone ? 'False' : 'True', reason }];
  const given = Object.entries(counts).filter(([, value]) => value > 0);
  store.put(resource, namespace, {
    ...object,
    status: {
      observedGeneration: generation,
      ...Object.fromEntries(given),
      ...(resource === 'deployments' && { conditions }),
    },
  });
}
