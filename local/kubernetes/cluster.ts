import type { AccessControl } from '../access.ts';
import type { StandClock } from '../clock.ts';
import type { Emulator } from '../emulator.ts';
import { createKubernetesApi } from './api.ts';
import { type Controllers, createControllers } from './controllers.ts';
import { createDriver } from './driver.ts';
import { createObjectStore, type ObjectStore } from './objects.ts';
import { createRbac, type Rbac } from './rbac.ts';
import type { ClusterFault, VaultRead, WorkloadSeed } from './types.ts';

export interface ClusterOptions {
  readonly access: AccessControl;
  readonly clock: StandClock;
  /** The driver's own identity at the vaults. */
  readonly read: VaultRead;
  /** Two minutes by default, as in AKS. */
  readonly pollSeconds?: number;
  /** How long a pod takes to start. */
  readonly podSeconds?: number;
}

/** `parameters.objects` and `secretObjects` as people write them. */
export interface ClassSeed {
  readonly namespace: string;
  readonly name: string;
  readonly vault: string;
  /** YAML of the provider's `objects`. */
  readonly objects: string;
  readonly secretObjects?: readonly unknown[];
  readonly provider?: string;
}

/** A Kubernetes cluster: its API, its controllers and the Secrets Store CSI driver. Nodes and networks it has none. */
export interface KubernetesCluster extends Emulator {
  readonly rbac: Rbac;
  readonly store: ObjectStore;
  readonly controllers: Controllers;
  readonly faults: Set<ClusterFault>;
  addClass(seed: ClassSeed): void;
  addWorkload(seed: WorkloadSeed): Promise<void>;
  /** Until nothing is under way that the clock does not wait for. */
  settled(): Promise<void>;
  stop(): void;
}

export function createCluster(options: ClusterOptions): KubernetesCluster {
  const { access, clock, read, pollSeconds = 120, podSeconds = 10 } = options;
  const store = createObjectStore(clock);
  const rbac = createRbac();
  const faults = new Set<ClusterFault>();
  const works = new Set<Promise<void>>();
  const track = (work: Promise<void>): void => {
    works.add(work);
    void work.finally(() => works.delete(work));
  };
  const driver = createDriver({ store, read });
  const controllers = createControllers({ store, driver, clock, podSeconds, pollSeconds, faults, track });
  const api = createKubernetesApi({ access, rbac, store, faults, changed: controllers.changed });
  const addNamespace = (name: string): void => {
    if (store.get('namespaces', '', name) !== undefined) return;
    store.put('namespaces', '', { metadata: { name }, status: { phase: 'Active' } });
  };
  return {
    ...{ rbac, store, controllers, faults },
    handle: (request) => api.handle(request),
    addClass({ namespace, name, vault, objects, secretObjects, provider = 'azure' }) {
      addNamespace(namespace);
      const parameters = { keyvaultName: vault, objects, tenantId: '22222222-2222-2222-2222-222222222222' };
      const spec = { provider, parameters, ...(secretObjects !== undefined && { secretObjects }) };
      store.put('secretproviderclasses', namespace, { metadata: { name }, spec }, 'spec');
    },
    async addWorkload(seed) {
      addNamespace(seed.namespace);
      await controllers.add(seed);
    },
    async settled() {
      while (works.size > 0) await Promise.all(works);
    },
    stop: () => controllers.stop(),
  };
}
