import { z } from 'zod';
import { RenewalError } from '../errors.ts';
import type { KubernetesTarget } from '../plan/targets/kubernetes.ts';

/** By what a repeat is known: a workload whose pods bear it was restarted for this renewal. */
export const RENEWAL = 'perennial/renewal';
/** What `kubectl rollout restart` writes. */
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

const count = z.number().default(0);

/** apps/v1: Deployment, StatefulSet and DaemonSet, as far as a restart is about. Kubernetes leaves out what is 0 or empty. */
const workloadShape = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string(), generation: count }),
  spec: z.looseObject({
    replicas: z.number().optional(),
    paused: z.boolean().optional(),
    updateStrategy: z
      .looseObject({
        type: z.string().optional(),
        rollingUpdate: z.looseObject({ partition: z.number().optional() }).nullish(),
      })
      .optional(),
    template: z.looseObject({
      metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).nullish() }).nullish(),
      spec: z.looseObject({
        volumes: z
          .array(
            z.looseObject({
              csi: z
                .looseObject({ driver: z.string(), volumeAttributes: z.record(z.string(), z.string()).nullish() })
                .nullish(),
            }),
          )
          .nullish(),
      }),
    }),
  }),
  status: z
    .looseObject({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      availableReplicas: count,
      desiredNumberScheduled: count,
      updatedNumberScheduled: count,
      numberAvailable: count,
      conditions: z.array(z.looseObject({ type: z.string(), reason: z.string().optional() })).nullish(),
    })
    .prefault({}),
});
export type Workload = z.infer<typeof workloadShape>;

/** Path of `deployment/shop` and its like in the Kubernetes API. */
export function workloadPath(namespace: string, workload: string): string {
  const [kind, name] = workload.split('/');
  return `/apis/apps/v1/namespaces/${namespace}/${kind}s/${name}`;
}

export function readWorkload(body: unknown, workload: string): Workload {
  const parsed = workloadShape.safeParse(body);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new RenewalError('arm-unreachable', `kubernetes: answer lacks ${wrong}: ${workload}`);
}

/** Why a restart of this workload would not bring the new version to all of its pods; `undefined` when it would. */
export function restartProblem({ spec }: Workload, workload: string, target: KubernetesTarget): string | undefined {
  if (spec.paused === true) return `${workload} is paused: kubectl rollout resume ${workload} -n ${target.namespace}`;
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  if (type === 'OnDelete') return `${workload} replaces pods only when they are deleted (updateStrategy OnDelete)`;
  if (rollingUpdate?.partition)
    return `${workload} leaves pods below its partition ${rollingUpdate.partition} as they are`;
  // What reads the synced Secret need not mount the class: another pod does.
  if (target.secret !== undefined || mounts(spec.template.spec.volumes, target.secretProviderClass)) return undefined;
  return `${workload} has no volume of the SecretProviderClass ${target.secretProviderClass}`;
}

function mounts(volumes: Workload['spec']['template']['spec']['volumes'], name: string): boolean {
  return (
    volumes?.some(
      ({ csi }) => csi?.driver === 'secrets-store.csi.k8s.io' && csi.volumeAttributes?.secretProviderClass === name,
    ) ?? false
  );
}

export function wasRestartedFor({ spec }: Workload, renewalId: string): boolean {
  return spec.template.metadata?.annotations?.[RENEWAL] === renewalId;
}

/** When it was restarted for the last time, ISO 8601; `undefined` when nobody ever has. */
export function restartedAt({ spec }: Workload): string | undefined {
  return spec.template.metadata?.annotations?.[RESTARTED_AT];
}

/**
 * The strategic merge patch of a rollout restart. It holds the version that was read, so that of two at once one is refused
 * with 409 and finds the other one's mark.
 */
export function restartOf({ metadata }: Workload, renewalId: string, now: Date): unknown {
  const annotations = { [RESTARTED_AT]: now.toISOString(), [RENEWAL]: renewalId };
  return {
    metadata: { resourceVersion: metadata.resourceVersion },
    spec: { template: { metadata: { annotations } } },
  };
}

export type Rollout =
  | { readonly state: 'done' }
  | { readonly state: 'running'; readonly detail: string }
  | { readonly state: 'failed'; readonly reason: string };

/** How far a workload's pods are those of its newest template: the rules of `kubectl rollout status`. */
export function rolloutOf(found: Workload, workload: string): Rollout {
  const { status, metadata, spec } = found;
  if (status.observedGeneration < metadata.generation) return running(workload, 'has not been looked at yet');
  if (status.conditions?.some(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded'))
    return { state: 'failed', reason: `${workload} has exceeded its progress deadline` };
  const isDaemonSet = workload.startsWith('daemonset/');
  const wanted = isDaemonSet ? status.desiredNumberScheduled : (spec.replicas ?? 1);
  const updated = isDaemonSet ? status.updatedNumberScheduled : status.updatedReplicas;
  const available = isDaemonSet ? status.numberAvailable : status.availableReplicas;
  if (updated < wanted) return running(workload, `${updated} of ${wanted} pods are new`);
  if (!isDaemonSet && status.replicas > updated)
    return running(workload, `${status.replicas - updated} old pods are not gone yet`);
  if (available < updated) return running(workload, `${available} of ${updated} new pods are available`);
  return { state: 'done' };
}

function running(workload: string, detail: string): Rollout {
  return { state: 'running', detail: `${workload}: ${detail}` };
}
