import type { Arm } from '../../../src/azure/arm.ts';
import type { KubernetesTarget } from '../../../src/plan/targets/kubernetes.ts';
import { classProblem, mountedPods } from '../../../src/targets/kubernetes-class.ts';
import { readCluster } from '../../../src/targets/kubernetes-cluster.ts';
import { readWorkload, restartProblem, rolloutOf } from '../../../src/targets/kubernetes-workload.ts';
import type { VersionToServe } from '../../../src/targets/port.ts';
import { bytesOf, type Entry, FindError, textOf } from '../entry.ts';
import { mutated } from '../mutate.ts';
import { mutatedJson } from '../mutate-json.ts';

const CLUSTER =
  '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/web/providers/Microsoft.ContainerService/managedClusters/aks';
const target: KubernetesTarget = {
  ...{ kind: 'kubernetes', id: 'kubernetes:aks', cluster: CLUSTER, namespace: 'shop', access: 'api' },
  ...{ secretProviderClass: 'shop-tls', secret: 'shop-tls', workloads: ['deployment/shop'] },
};
const version: VersionToServe = {
  ...{ renewalId: 'shop-1', vault: 'https://shop.vault.azure.net', vaultResourceId: '/vaults/shop', name: 'tls' },
  ...{ version: 'a'.repeat(32), sha256: 'b'.repeat(64), thumbprint: 'C'.repeat(40) },
};
const data = ['tls.key', 'tls.crt'].map((key) => ({ objectName: 'tls', key }));
const objects = 'array:\n  - |\n    objectName: tls\n    objectType: secret\n    objectVersion: ""\n';
const secretProviderClass = JSON.stringify({
  spec: {
    provider: 'azure',
    parameters: { keyvaultName: 'shop', objects },
    secretObjects: [{ secretName: 'shop-tls', type: 'kubernetes.io/tls', data }],
  },
});
const podStatus = JSON.stringify({
  status: {
    ...{ podName: 'shop-1-x', secretProviderClassName: 'shop-tls', mounted: true },
    objects: [{ id: 'secret/tls', version: version.version }],
  },
});
const workload = JSON.stringify({
  metadata: { resourceVersion: '1000', generation: 2 },
  spec: {
    replicas: 2,
    template: { metadata: { annotations: { 'perennial/renewal': 'shop-1' } }, spec: { volumes: [] } },
  },
  status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 2, conditions: [] },
});

/** What a cluster's API answers, whatever was asked. */
const clusterObject: Entry = {
  name: 'cluster-object',
  share: 4,
  make: (chance) => mutatedJson(chance, [secretProviderClass, podStatus, workload]),
  run(input) {
    const body = parsed(textOf(input));
    classProblem(body, target, version);
    mountedPods([body], target, version);
    const found = readWorkload(body, 'deployment/shop');
    restartProblem(found, 'deployment/shop', target);
    rolloutOf(found, 'deployment/shop');
  },
};

const kubeconfigText = [
  'apiVersion: v1',
  'kind: Config',
  'clusters:',
  '- name: aks',
  '  cluster:',
  '    server: https://aks.contoso.example:443',
  '    certificate-authority-data: LS0tLS1CRUdJTg==',
  'users: []',
].join('\n');

/** A token goes to the server that a kubeconfig names: it must be the cluster's own. */
const kubeconfig: Entry = {
  name: 'kubeconfig',
  share: 3,
  make: (chance) => mutated(chance, [Buffer.from(kubeconfigText)]),
  async run(input) {
    const value = bytesOf(input).toString('base64');
    const found = await readCluster(armWith(value), CLUSTER);
    if (found.state === 'ready' && found.server.hostname !== 'aks.contoso.example')
      throw new FindError(`a token would go to ${found.server.host}`);
  },
};

function armWith(value: string): Arm {
  const addonProfiles = { azureKeyvaultSecretsProvider: { enabled: true, config: { enableSecretRotation: 'true' } } };
  const never = async (): Promise<never> => {
    throw new TypeError('not expected');
  };
  return {
    get: async () => ({ properties: { fqdn: 'aks.contoso.example', aadProfile: {}, addonProfiles } }),
    post: async () => ({ state: 'done', body: { kubeconfigs: [{ name: 'clusterUser', value }] } }),
    ...{ put: never, patch: never, remove: never, operation: never },
    async *list() {
      yield await never();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export const clusterEntries: readonly Entry[] = [clusterObject, kubeconfig];
