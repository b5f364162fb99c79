import { RenewalError } from '../errors.ts';
import { type KubernetesTarget, kubernetesKind } from '../plan/targets/kubernetes.ts';
import { createKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';
import { classProblem, type MountedPod, mountedPods } from './kubernetes-class.ts';
import { readCluster } from './kubernetes-cluster.ts';
import { clusterToken, restartByCommand } from './kubernetes-command.ts';
import {
  readWorkload,
  restartedAt,
  restartOf,
  restartProblem,
  rolloutOf,
  type Workload,
  wasRestartedFor,
  workloadPath,
} from './kubernetes-workload.ts';
import type { Deployment, Look, Probe, RollBack, TargetAdapter, TargetOptions, VersionToServe } from './port.ts';
import { probe as probeEndpoint } from './probe.ts';
import { namingRole, refusedByArm } from './refused-by-arm.ts';

export const kind = 'kubernetes';

/** Nothing but the target itself: the cluster says where its API is. */
export const settings = {} as const;

/** Pods start in seconds; before that no look finds another answer. */
const LOOK_AFTER_SECONDS = 20;
/** The driver polls every two minutes, unless it was told otherwise. */
const POLL_SECONDS = 60;
const MOST_CONFLICTS = 3;

/** Pods of AKS clusters that mount a vault's certificate by the Secrets Store CSI driver. */
export function create(options: TargetOptions): TargetAdapter<KubernetesTarget> {
  return {
    kind,
    capabilities: kubernetesKind.facts,
    probe: (target, look) => probe(options, target, look),
    deploy: (target, version) => refusedByArm(() => deploy(options, target, version)),
    rollBack: async (target, lastGood) => rollBack(target, lastGood),
  };
}

type Opened =
  | { readonly state: 'ready'; readonly api: KubernetesApi; readonly pollSeconds: number }
  | { readonly state: 'refused'; readonly reason: string };

async function open(options: TargetOptions, { cluster }: KubernetesTarget): Promise<Opened> {
  const found = await namingRole('Perennial AKS deployer', () => readCluster(options.arm, cluster));
  if (found.state === 'refused') return found;
  const { server, ca, pollSeconds } = found;
  const { mayConnect = () => true, httpClient } = options;
  const api = createKubernetesApi({
    ...{ server, ca, mayConnect, token: () => clusterToken(options) },
    ...(httpClient && { httpClient }),
  });
  return { state: 'ready', api, pollSeconds };
}

async function deploy(options: TargetOptions, target: KubernetesTarget, version: VersionToServe): Promise<Deployment> {
  if (target.access === 'run-command')
    return namingRole('Perennial AKS run command', () => restartByCommand(options, target, version));
  const opened = await open(options, target);
  if (opened.state === 'refused') return opened;
  const { api, pollSeconds } = opened;
  const { secretProviderClass: name } = target;
  const found = await api.get(`${classesOf(target)}/secretproviderclasses/${name}`);
  if (found === undefined) return refused(`there is no SecretProviderClass ${name} in ${target.namespace}`);
  const problem = classProblem(found, target, version);
  if (problem !== undefined) return refused(problem);
  const workloads = new Map<string, Workload>();
  // All are looked at before the first one is touched.
  for (const workload of target.workloads) {
    const read = await workloadOf(api, target, workload);
    const wrong = read === undefined ? `there is no ${workload}` : restartProblem(read, workload, target);
    if (read === undefined || wrong !== undefined) return refused(`${wrong} (namespace ${target.namespace})`);
    workloads.set(workload, read);
  }
  if (workloads.size === 0) return { state: 'deployed', detail: 'the driver mounts the new version by itself' };
  const restart = { api, target, version, options };
  if (target.secret !== undefined) await untilInStep(restart, pollSeconds);
  return restartAll(restart, workloads);
}

/** What reads the Secret at its start must not start before it holds the new version. */
async function untilInStep({ api, target, version, options }: Restart, pollSeconds: number): Promise<void> {
  const pods = mountedPods(await statusesOf(api, target), target, version);
  if (isInStep(pods, pollSeconds, options.clock.now()) && pods.every((pod) => holds(pod, version))) return;
  const message = `kubernetes: deploy: the Secret ${target.secret} may still hold the old version, try again: target=${target.id}`;
  throw new RenewalError('arm-unreachable', message, { retryAfterSeconds: POLL_SECONDS });
}

/** Clocks of two machines. */
const CLOCK_SECONDS = 30;

/**
 * Whether the Secret holds what the pods hold. A pod that starts mounts the newest version at once, but the Secret follows
 * only when the driver polls: where all pods are younger than that, what they hold tells nothing of it.
 */
function isInStep(pods: readonly MountedPod[], pollSeconds: number, now: Date): boolean {
  const polledSince = now.getTime() - (pollSeconds + CLOCK_SECONDS) * 1000;
  return pods.some(({ since }) => Date.parse(since) <= polledSince);
}

interface Restart {
  readonly api: KubernetesApi;
  readonly target: KubernetesTarget;
  readonly version: VersionToServe;
  readonly options: TargetOptions;
}

async function restartAll(restart: Restart, workloads: ReadonlyMap<string, Workload>): Promise<Deployment> {
  const restarted: string[] = [];
  for (const [workload, read] of workloads) {
    const answer = await refusedByArm(() => restartOne(restart, workload, read));
    if (answer.state === 'refused') return restarted.length > 0 ? { ...answer, touched: true } : answer;
    restarted.push(workload);
  }
  const detail = `restarted for the renewal: ${restarted.join(', ')}`;
  return { state: 'deployed', detail, lookAfterSeconds: LOOK_AFTER_SECONDS };
}

async function restartOne(
  { api, target, version, options }: Restart,
  workload: string,
  read: Workload,
): Promise<Deployment> {
  const detail = `${workload} was restarted`;
  let newest: Workload | undefined = read;
  for (let conflicts = 0; newest !== undefined; conflicts++) {
    if (wasRestartedFor(newest, version.renewalId)) return { state: 'deployed', detail };
    try {
      await api.patch(
        workloadPath(target.namespace, workload),
        restartOf(newest, version.renewalId, options.clock.now()),
      );
      return { state: 'deployed', detail };
    } catch (error) {
      const isConflict = error instanceof RenewalError && error.code === 'arm-conflict';
      if (!isConflict || conflicts >= MOST_CONFLICTS) throw error;
      newest = await workloadOf(api, target, workload);
    }
  }
  return refused(`there is no ${workload} any more`);
}

async function probe(options: TargetOptions, target: KubernetesTarget, look: Look): Promise<Probe> {
  const at = options.clock.now().toISOString();
  const served = () => handshake(options, target);
  if (target.access === 'run-command') return served();
  if (look.purpose === 'baseline')
    return target.endpoint === undefined
      ? { state: 'pending', at, reason: 'it says what it serves only after a deployment' }
      : served();
  const opened = await open(options, target);
  if (opened.state === 'refused') return { state: 'unreachable', at, reason: opened.reason };
  const { api, pollSeconds } = opened;
  const workloads: Workload[] = [];
  for (const workload of target.workloads) {
    const found = await workloadOf(api, target, workload);
    if (found === undefined) return { state: 'failed', at, reason: `there is no ${workload}` };
    const rollout = rolloutOf(found, workload);
    if (rollout.state === 'running') return { state: 'pending', at, reason: rollout.detail };
    if (rollout.state === 'failed') return { ...rollout, at };
    workloads.push(found);
  }
  const pods = mountedPods(await statusesOf(api, target), target, look.version);
  const late = pods.find((pod) => !holds(pod, look.version));
  // One handshake meets one pod: the others are known by what the driver has mounted for them.
  if (late !== undefined)
    return { state: 'pending', at, reason: `pod ${late.name} has mounted ${late.versions.join(', ') || 'nothing'}` };
  if (target.endpoint !== undefined) return served();
  if (pods.length === 0) return { state: 'pending', at, reason: `no pod has mounted ${target.secretProviderClass}` };
  if (target.secret !== undefined && !isInStep(pods, pollSeconds, new Date(at)))
    return { state: 'pending', at, reason: `the driver has not polled yet: the Secret ${target.secret} may be older` };
  return report(at, look.version, workloads);
}

/** Nobody listens: what the driver has mounted for every pod, by the version's id, and since when the pods run. */
function report(at: string, { sha256 }: VersionToServe, workloads: readonly Workload[]): Probe {
  const [runningSince] = workloads.flatMap((found) => restartedAt(found) ?? []).sort();
  return { state: 'served', at, sha256, chain: [], seenBy: 'report', ...(runningSince && { runningSince }) };
}

async function handshake(options: TargetOptions, { endpoint }: KubernetesTarget): Promise<Probe> {
  const at = options.clock.now().toISOString();
  if (endpoint === undefined) return { state: 'unreachable', at, reason: 'the target has no endpoint' };
  return probeEndpoint(endpoint, options);
}

/** The class belongs to whoever deploys the application, and a right to write it is a right to mount any secret. */
function rollBack({ secretProviderClass, namespace }: KubernetesTarget, { version }: VersionToServe): RollBack {
  const reason = `pods take what their SecretProviderClass names: write objectVersion: ${version} into ${secretProviderClass} (namespace ${namespace}), restart, and take it out before the next renewal`;
  return { state: 'impossible', reason };
}

async function workloadOf(
  api: KubernetesApi,
  { namespace }: KubernetesTarget,
  workload: string,
): Promise<Workload | undefined> {
  const body = await api.get(workloadPath(namespace, workload));
  return body === undefined ? undefined : readWorkload(body, workload);
}

function statusesOf(api: KubernetesApi, target: KubernetesTarget): Promise<readonly unknown[]> {
  return api.list(`${classesOf(target)}/secretproviderclasspodstatuses`);
}

function classesOf({ namespace }: KubernetesTarget): string {
  return `/apis/secrets-store.csi.x-k8s.io/v1/namespaces/${namespace}`;
}

function holds({ versions }: MountedPod, { version }: VersionToServe): boolean {
  return versions.includes(version);
}

function refused(reason: string): { readonly state: 'refused'; readonly reason: string } {
  return { state: 'refused', reason };
}
