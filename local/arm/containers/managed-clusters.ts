import { stringify } from 'yaml';
import { type EmulatorResponse, jsonResponse } from '../../emulator.ts';
import type { KubernetesCluster } from '../../kubernetes/cluster.ts';
import { armError, resourceNotFound } from '../answers.ts';
import { type ArmRequest, type ArmRoute, textMember } from '../request.ts';
import type { Commands } from './commands.ts';

/** A managed cluster as Resource Manager shows it. */
export interface ManagedCluster {
  /** ARM id, as it is spelled in answers. */
  readonly resourceId: string;
  readonly location: string;
  /** `https://localhost:<port>` of its API server. */
  readonly server: string;
  /** PEM of the CA that the API server is trusted by. */
  readonly caPem: string;
  readonly cluster: KubernetesCluster;
  /** Put over the properties that it has otherwise. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

const CLUSTER =
  '/subscriptions/{subscription}/resourcegroups/{group}/providers/microsoft.containerservice/managedclusters/{cluster}';
const TYPE = 'Microsoft.ContainerService/managedClusters';

/** Microsoft.ContainerService/managedClusters: read, the kubeconfig of a user, and run command. */
export function managedClusterRoutes({
  clusters,
  commands,
  origin,
}: {
  readonly clusters: readonly ManagedCluster[];
  readonly commands: Commands;
  /** Where ARM answers, without trailing slash. */
  readonly origin: () => string;
}): readonly ArmRoute[] {
  const withCluster =
    (run: (cluster: ManagedCluster, request: ArmRequest) => EmulatorResponse) =>
    (request: ArmRequest): EmulatorResponse => {
      const id = request.path.split('/').slice(0, 9).join('/').toLowerCase();
      const found = clusters.find(({ resourceId }) => resourceId.toLowerCase() === id);
      const { cluster = '', group = '' } = request.parameters;
      return found === undefined ? resourceNotFound(TYPE, cluster, group) : run(found, request);
    };
  return [
    {
      method: 'GET',
      template: CLUSTER,
      action: `${TYPE}/read`,
      run: withCluster((found) => jsonResponse(200, shapeOf(found))),
    },
    {
      method: 'POST',
      template: `${CLUSTER}/listclusterusercredential`,
      action: `${TYPE}/listClusterUserCredential/action`,
      run: withCluster((found) => {
        const value = Buffer.from(kubeconfig(found)).toString('base64');
        return jsonResponse(200, { kubeconfigs: [{ name: 'clusterUser', value }] });
      }),
    },
    {
      method: 'POST',
      template: `${CLUSTER}/runcommand`,
      action: 'Microsoft.ContainerService/managedClusters/runCommand/action',
      run: withCluster((found, { body }) => {
        const command = textMember(body, 'command');
        const token = textMember(body, 'clusterToken');
        if (command === undefined) return armError(400, 'BadRequest', 'command is required.');
        if (token === undefined)
          return armError(400, 'ClusterTokenRequired', 'A cluster token is required for AAD enabled clusters.');
        const id = commands.start(found.cluster, command, token);
        const location = `${origin()}${found.resourceId}/commandResults/${id}?api-version=2025-05-01`;
        return { status: 202, headers: { location } };
      }),
    },
    {
      method: 'GET',
      template: `${CLUSTER}/commandresults/{id}`,
      action: 'Microsoft.ContainerService/managedClusters/commandResults/read',
      run: withCluster((_found, { parameters }) => resultOf(commands, parameters.id ?? '')),
    },
  ];
}

function resultOf(commands: Commands, id: string): EmulatorResponse {
  const result = commands.get(id);
  if (result === undefined) return armError(404, 'NotFound', `The command ${id} was not found.`);
  const { startedAt, finished } = result;
  if (finished === undefined) return { status: 202, headers: {} };
  const { at, exitCode, logs } = finished;
  const times = { startedAt: startedAt.toISOString(), finishedAt: at.toISOString() };
  return jsonResponse(200, { id, properties: { provisioningState: 'Succeeded', exitCode, ...times, logs } });
}

function shapeOf({ resourceId, location, server, properties }: ManagedCluster): unknown {
  return {
    id: resourceId,
    name: resourceId.split('/').at(-1),
    type: TYPE,
    location,
    properties: {
      provisioningState: 'Succeeded',
      powerState: { code: 'Running' },
      kubernetesVersion: '1.33',
      fqdn: new URL(server).hostname,
      enableRBAC: true,
      disableLocalAccounts: true,
      aadProfile: { managed: true, enableAzureRBAC: false, tenantID: '22222222-2222-2222-2222-222222222222' },
      addonProfiles: {
        azureKeyvaultSecretsProvider: {
          enabled: true,
          config: { enableSecretRotation: 'true', rotationPollInterval: '2m' },
        },
      },
      ...properties,
    },
  };
}

/** Of a cluster that knows Entra ID: whoever uses it brings a token of his own. */
function kubeconfig({ resourceId, server, caPem }: ManagedCluster): string {
  const name = resourceId.split('/').at(-1) ?? '';
  const user = `clusterUser_${name}`;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
    users: [
      { name: user, user: { exec: { apiVersion: 'client.authentication.k8s.io/v1beta1', command: 'kubelogin' } } },
    ],
  });
}
