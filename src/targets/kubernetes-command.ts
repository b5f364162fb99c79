import { RenewalError } from '../errors.ts';
import type { KubernetesTarget } from '../plan/targets/kubernetes.ts';
import { RENEWAL } from './kubernetes-workload.ts';
import type { Deployment, TargetOptions, VersionToServe } from './port.ts';

/** The application that every AKS cluster with Entra ID takes tokens for: https://learn.microsoft.com/azure/aks/kubelogin-authentication. */
const SERVER_SCOPE = '6dae42f8-4368-4678-94ff-3960e28e3630/.default';

/** A token of the deployer's identity for Kubernetes. */
export async function clusterToken({ credential }: Pick<TargetOptions, 'credential'>): Promise<string> {
  const got = await credential?.getToken(SERVER_SCOPE).catch((error: unknown) => {
    // The cause's own text stays out: it may repeat the answer of the identity endpoint.
    const name = error instanceof Error ? error.name : 'unknown';
    throw new RenewalError('arm-unreachable', `kubernetes: no token of the identity: ${name}`);
  });
  if (!got) throw new RenewalError('arm-unreachable', 'kubernetes: no token of the identity');
  return got.token;
}

/** What a command line is made of: nothing that means anything to a shell. */
const plain = /^[A-Za-z0-9._/-]+$/;
/** A minute and a half pass until a command's pod runs. */
const LOOK_AFTER_SECONDS = 60;

/**
 * One kubectl line for all workloads. The mark alone makes the pods new, and a second run of the same line changes nothing:
 * that is why nobody has to remember the first one.
 */
export function commandOf({ namespace, workloads }: KubernetesTarget, renewalId: string): string {
  for (const word of [namespace, renewalId, ...workloads]) {
    if (!plain.test(word)) throw new RenewalError('bug', 'kubernetes: a name that no command line may hold');
  }
  const patch = JSON.stringify({ spec: { template: { metadata: { annotations: { [RENEWAL]: renewalId } } } } });
  return workloads
    .map((workload) => `kubectl patch ${workload} --namespace ${namespace} --type strategic --patch '${patch}'`)
    .join(' && ');
}

/** Microsoft.ContainerService/managedClusters/{cluster}/runCommand. What comes of it, the endpoint shows. */
export async function restartByCommand(
  options: TargetOptions,
  target: KubernetesTarget,
  { renewalId }: VersionToServe,
): Promise<Deployment> {
  const body = { command: commandOf(target, renewalId), context: '', clusterToken: await clusterToken(options) };
  const answer = await options.arm.post(`${target.cluster}/runCommand`, body);
  const detail = `asked AKS to restart ${target.workloads.join(', ')}`;
  if (answer.state === 'done') return { state: 'deployed', detail };
  const id = /\/commandResults\/([\w-]{1,64})/i.exec(answer.operation.url)?.[1];
  const named = id === undefined ? detail : `${detail} (az aks command result --command-id ${id})`;
  return { state: 'deployed', detail: named, lookAfterSeconds: LOOK_AFTER_SECONDS };
}
