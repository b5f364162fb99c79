import { readFile } from 'node:fs/promises';
import { createCommands } from '../../arm/containers/commands.ts';
import { type ManagedCluster, managedClusterRoutes } from '../../arm/containers/managed-clusters.ts';
import { createCluster, type KubernetesCluster } from '../../kubernetes/cluster.ts';
import { startIngress } from '../../kubernetes/ingress.ts';
import type { VaultRead } from '../../kubernetes/types.ts';
import { portOffsets } from '../ground.ts';
import { letRead } from '../secret-reader.ts';
import { deployerRules } from './cluster-role.ts';
import {
  endpointOf,
  LOCATION,
  type OpenedPlaces,
  type PlaceGround,
  type SeededPlace,
  type WantedPlace,
} from './place.ts';

/** Of a private cluster: nobody outside its network finds it. */
const PRIVATE_SERVER = 'https://aks-private.privatelink.westeurope.azmk8s.io';

export interface OpenedClusters extends OpenedPlaces {
  /** Of the cluster that the certificate is used in; `TypeError` where there is none. */
  clusterOf(seeded: SeededPlace['seeded']): KubernetesCluster;
  /** Takes away what the app may do in the certificate's namespace. Answers with what gives it back. */
  unbind(seeded: SeededPlace['seeded']): () => void;
  settled(): Promise<void>;
}

/** One cluster for all that the app reaches, and one for what it has AKS restart. */
export async function openClusters(ground: PlaceGround, wanted: readonly WantedPlace[]): Promise<OpenedClusters> {
  const { cloud, clock } = ground;
  const read = driverReads(ground, wanted);
  const commands = createCommands(clock);
  const clusters: ManagedCluster[] = [];
  const places: SeededPlace[] = [];
  const bindings = new Map<SeededPlace['seeded'], Binding>();
  for (const access of ['api', 'run-command'] as const) {
    const own = wanted.filter((one) => (one.access ?? 'api') === access);
    if (own.length === 0) continue;
    const cluster = createCluster({ access: cloud.identity, clock, read });
    cloud.onStop(() => cluster.stop());
    const managed = await managedCluster(ground, cluster, access);
    clusters.push(managed);
    for (const one of own) {
      places.push(await addApplication(ground, { cluster, resourceId: managed.resourceId, access }, one));
      bindings.set(one.seeded, bind(ground, cluster, one));
    }
  }
  return {
    places,
    routes: managedClusterRoutes({ clusters, commands, origin: () => cloud.urls.arm ?? '' }),
    sources: [],
    clusterOf: (seeded) => bindingOf(bindings, seeded).cluster,
    unbind(seeded) {
      const { cluster, unbind } = bindingOf(bindings, seeded);
      unbind();
      return () => void bindings.set(seeded, bind(ground, cluster, { seeded }));
    },
    settled: async () =>
      void (await Promise.all([commands.settled(), ...clusters.map(({ cluster }) => cluster.settled())])),
  };
}

interface Binding {
  readonly cluster: KubernetesCluster;
  readonly unbind: () => void;
}

function bind(
  { cloud }: PlaceGround,
  cluster: KubernetesCluster,
  { seeded: { name } }: Pick<WantedPlace, 'seeded'>,
): Binding {
  return { cluster, unbind: cluster.rbac.bind(cloud.principals.deployer, name, deployerRules) };
}

function bindingOf(bindings: ReadonlyMap<SeededPlace['seeded'], Binding>, seeded: SeededPlace['seeded']): Binding {
  const binding = bindings.get(seeded);
  if (binding === undefined) throw new TypeError(`stand: ${seeded.name} is used in no cluster`);
  return binding;
}

/** The Secrets Store driver knows vaults by their names. */
function driverReads({ cloud }: PlaceGround, wanted: readonly WantedPlace[]): VaultRead {
  const read = letRead(cloud, cloud.principals.clusters, wanted);
  return async (vault, name) => {
    const found = await read(`${cloud.vault(vault).uri}/secrets/${name}`);
    return found.state === 'ok' ? found : undefined;
  };
}

async function managedCluster(
  { cloud }: PlaceGround,
  cluster: KubernetesCluster,
  access: 'api' | 'run-command',
): Promise<ManagedCluster> {
  const name = access === 'api' ? 'aks-web' : 'aks-private';
  const resourceId = `${cloud.group}/providers/Microsoft.ContainerService/managedClusters/${name}`;
  const server =
    access === 'api' ? (await cloud.mount(cluster, { offset: portOffsets.cluster, name })).url : PRIVATE_SERVER;
  return { resourceId, location: LOCATION, server, caPem: await readFile(cloud.caFile, 'utf8'), cluster };
}

/** A namespace with two pods that read their certificate when they start, and an ingress before them. */
async function addApplication(
  { cloud }: PlaceGround,
  {
    cluster,
    resourceId,
    access,
  }: { readonly cluster: KubernetesCluster; readonly resourceId: string; readonly access: string },
  { seeded, kind, hostName, port: free }: WantedPlace,
): Promise<SeededPlace> {
  const { name: namespace, vaultName } = seeded;
  const [workload, secretProviderClass] = [`${namespace}-web`, `${namespace}-tls`];
  const objects = `array:\n  - |\n    objectName: ${seeded.name}\n    objectType: secret\n`;
  cluster.addClass({ namespace, name: secretProviderClass, vault: vaultName, objects });
  await cluster.addWorkload({
    ...{ resource: 'deployments', namespace, name: workload, replicas: 2 },
    application: { from: 'volume', reads: 'start', secretProviderClass },
  });
  const ingress = await startIngress(cluster, { namespace, workload, hostName, port: free });
  cloud.onStop(() => ingress.close());
  const { port } = ingress;
  const pods = { namespace, secretProviderClass, workloads: [`deployment/${workload}`] };
  const target = { kind, cluster: resourceId, ...pods, access, endpoint: endpointOf({ hostName, port }) };
  return { seeded, kind, resourceId, hostName, port, target };
}
