import type { Bundle } from '../arm/pfx.ts';
import { LOOPBACK, listen, type Served, servedWith } from '../consumers/listener.ts';
import type { KubernetesCluster } from './cluster.ts';

/** A TLS listener before the pods of one workload. */
export interface Ingress {
  readonly host: string;
  readonly port: number;
  /** How often it began to serve another certificate. */
  readonly changes: number;
  close(): Promise<void>;
}

/**
 * Of the pods of a workload the oldest one answers: whoever looks too early sees the old certificate. With the fault
 * `k8s.cache` it goes on with what it has.
 */
export async function startIngress(
  cluster: KubernetesCluster,
  { namespace, workload, hostName, port = 0 }: { namespace: string; workload: string; hostName: string; port?: number },
): Promise<Ingress> {
  const serving = new Map<string, Served>();
  let bundle: Bundle | undefined;
  let changes = 0;
  const take = (): void => {
    const [oldest] = cluster.controllers.pods(namespace, workload);
    const loaded = oldest?.loaded;
    if (loaded === undefined || cluster.faults.has('k8s.cache')) return;
    if (bundle !== undefined && !loaded.leaf.raw.equals(bundle.leaf.raw)) changes += 1;
    bundle = loaded;
    serving.set(hostName, servedWith(loaded));
  };
  take();
  cluster.controllers.watch(take);
  const listener = await listen(serving, { port, name: `ingress ${namespace}/${workload}` });
  return {
    host: LOOPBACK,
    port: listener.port,
    get changes() {
      return changes;
    },
    close: () => listener.close(),
  };
}
