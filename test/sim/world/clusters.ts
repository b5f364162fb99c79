import type { AccessControl, Principal } from '../../../local/access.ts';
import { createCommands } from '../../../local/arm/containers/commands.ts';
import { type ManagedCluster, managedClusterRoutes } from '../../../local/arm/containers/managed-clusters.ts';
import type { Bundle } from '../../../local/arm/pfx.ts';
import type { ArmRoute } from '../../../local/arm/request.ts';
import { createCluster, type KubernetesCluster } from '../../../local/kubernetes/cluster.ts';
import type { VaultRead, WorkloadSeed } from '../../../local/kubernetes/types.ts';
import { readSecretAs } from '../../../local/stand/secret-reader.ts';
import type { VaultEmulator } from '../../../local/vault/vault.ts';
import type { KubernetesTarget } from '../../../src/plan/targets/kubernetes.ts';
import type { Dice } from '../virtual/dice.ts';
import type { SimClock } from '../virtual/sim-clock.ts';
import type { SimCertificate } from './estate.ts';
import { labelOf, REGION } from './places.ts';

/** Clusters with their API servers, the Secrets Store CSI driver in them, and an ingress before the pods of each. */
export interface Clusters {
  readonly routes: readonly ArmRoute[];
  /** A cluster as somebody builds it, or builds it again: its pods begin with what the vault has now. */
  build(certificate: Pick<SimCertificate, 'vault' | 'name'>, target: KubernetesTarget): Promise<void>;
  of(target: KubernetesTarget): KubernetesCluster | undefined;
  /** The API server of a host; `gone`: of a cluster that there was, or will be. `undefined`: no host of a cluster. */
  at(host: string): KubernetesCluster | 'gone' | undefined;
  /** What the ingress shows, which may be what it has kept of before. */
  shown(target: KubernetesTarget): Bundle | undefined;
  /** The ingress looks at its pods again. */
  look(target: KubernetesTarget): void;
  remove(target: KubernetesTarget): void;
  /** Somebody else writes the workload of a path: whoever has read it before is too late. */
  writeFirst(cluster: KubernetesCluster, path: string): void;
}

export interface ClusterGround {
  readonly clock: SimClock;
  readonly dice: Dice;
  readonly vaults: readonly VaultEmulator[];
  readonly access: AccessControl;
  /** Whom the clusters let restart what mounts a certificate. */
  readonly deployer: Principal;
  /** Of the driver's own identity. */
  readonly token: () => string;
}

const DOMAIN = 'aks.contoso.example';
/** What the target names as a workload, or the pods that read their files again where it names none. */
const WORKLOAD = 'web';
/** AKS polls every two minutes; over days that would be most of what a simulation does. */
const POLL_SECONDS = 600;
const POD_SECONDS = 30;
const config = { enableSecretRotation: 'true', rotationPollInterval: `${POLL_SECONDS / 60}m` };
const properties = { addonProfiles: { azureKeyvaultSecretsProvider: { enabled: true, config } } };
/** Nobody checks it: there is no socket. */
const CA_PEM = '-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n';

/** The Role of infra/kubernetes/deployer.yaml. */
const rules = [
  { apiGroups: ['secrets-store.csi.x-k8s.io'], resources: ['secretproviderclasses'], verbs: ['get'] },
  { apiGroups: ['secrets-store.csi.x-k8s.io'], resources: ['secretproviderclasspodstatuses'], verbs: ['list'] },
  { apiGroups: ['apps'], resources: ['deployments', 'statefulsets', 'daemonsets'], verbs: ['get', 'patch'] },
];

interface Place extends ManagedCluster {
  readonly target: KubernetesTarget;
  shown: Bundle | undefined;
}

export function createClusters(ground: ClusterGround): Clusters {
  const { clock, dice, access, deployer } = ground;
  const places: Place[] = [];
  const read = readerOf(ground);
  const placeOf = ({ cluster }: KubernetesTarget) => places.find(({ resourceId }) => resourceId === cluster);
  const look = (place: Place): void => {
    if (!place.cluster.faults.has('k8s.cache')) place.shown = oldestOf(place) ?? place.shown;
  };
  return {
    routes: managedClusterRoutes({
      clusters: places,
      commands: createCommands(clock),
      origin: () => 'https://management.azure.com',
    }),
    async build({ vault, name }, target) {
      const { namespace, secretProviderClass } = target;
      const cluster = createCluster({ access, clock, read, pollSeconds: POLL_SECONDS, podSeconds: POD_SECONDS });
      cluster.rbac.bind(deployer, namespace, rules);
      cluster.addClass({ namespace, name: secretProviderClass, vault, ...objectsOf(name, target) });
      const replicas = dice.pick(`replicas ${labelOf(target)}`, [1, 2]);
      for (const seed of workloadsOf(target, replicas)) await cluster.addWorkload(seed);
      const where = { resourceId: target.cluster, location: REGION, server: `https://${labelOf(target)}.${DOMAIN}` };
      const place: Place = { ...where, caPem: CA_PEM, cluster, target, properties, shown: undefined };
      look(place);
      cluster.controllers.watch(() => look(place));
      places.push(place);
    },
    of: (target) => placeOf(target)?.cluster,
    at(host) {
      if (!host.endsWith(`.${DOMAIN}`)) return undefined;
      return places.find(({ server }) => server === `https://${host}`)?.cluster ?? 'gone';
    },
    shown: (target) => placeOf(target)?.shown,
    look(target) {
      const place = placeOf(target);
      if (place !== undefined) look(place);
    },
    remove(target) {
      const place = placeOf(target);
      if (place === undefined) return;
      place.cluster.stop();
      places.splice(places.indexOf(place), 1);
    },
    writeFirst({ store }, path) {
      const [, namespace = '', kind, name = ''] = /namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
      const resource = (['deployments', 'statefulsets', 'daemonsets'] as const).find((one) => one === kind);
      const object = resource && store.get(resource, namespace, name);
      if (resource !== undefined && object !== undefined) store.put(resource, namespace, object);
    },
  };
}

/** Whoever looks while pods take turns meets an old one. */
function oldestOf({ cluster, target: { namespace } }: Place): Bundle | undefined {
  return cluster.controllers.pods(namespace, WORKLOAD)[0]?.loaded;
}

/** The driver asks the vault each time; what it was given before is given again as long as nothing has changed there. */
function readerOf({ vaults, token }: ClusterGround): VaultRead {
  const readAs = readSecretAs(vaults, token);
  const known = new Map<string, { readonly state: string; readonly found: Awaited<ReturnType<VaultRead>> }>();
  return async (vaultName, name) => {
    const vault = vaults.find((one) => one.name === vaultName);
    const versions = vault?.snapshot().find((one) => one.name === name)?.versions;
    if (vault === undefined || versions === undefined) return undefined;
    const state = versions.map(({ version, enabled }) => `${version} ${enabled}`).join();
    const before = known.get(`${vaultName}/${name}`);
    if (before?.state === state) return before.found;
    const secret = await readAs(vault.resourceId, name);
    if (secret.state !== 'ok') return undefined;
    const { contentType, value, version } = secret;
    const found = { contentType, value, version };
    known.set(`${vaultName}/${name}`, { state, found });
    return found;
  };
}

/** What the class names, as its owner has written it. */
function objectsOf(name: string, { secret }: KubernetesTarget) {
  const objects = `array:\n  - |\n    objectName: ${name}\n    objectType: secret\n`;
  const data = ['tls.key', 'tls.crt'].map((key) => ({ objectName: name, key }));
  const secretObjects = [{ secretName: secret, type: 'kubernetes.io/tls', data }];
  return { objects, ...(secret !== undefined && { secretObjects }) };
}

/** Pods that mount the class; where there is a Secret, those that keep it in step, and others that read it. */
function workloadsOf(target: KubernetesTarget, replicas: number): readonly WorkloadSeed[] {
  const { namespace, secretProviderClass, secret, workloads } = target;
  const [kind = 'deployment'] = workloads[0]?.split('/') ?? [];
  const reads = workloads.length === 0 ? 'reload' : 'start';
  const resource = `${kind as 'deployment' | 'statefulset' | 'daemonset'}s` as const;
  const mounting = { from: 'volume', reads, secretProviderClass } as const;
  const seed = { namespace, resource, name: WORKLOAD, replicas };
  if (secret === undefined) return [{ ...seed, application: mounting }];
  const keeper = { ...seed, resource: 'deployments', name: 'keeper', replicas: 1, application: mounting } as const;
  return [keeper, { ...seed, application: { from: 'secret', reads, secretProviderClass, secretName: secret } }];
}
