import { z } from 'zod';
import { keyTypes } from '../../certificate/types.ts';
import type { Finding } from '../problem.ts';
import { choice, group, listOf, RESOURCE, word } from '../schema-parts.ts';
import {
  type CommonTarget,
  common,
  endpoint,
  endpointFindings,
  endpointWithSni,
  type TargetKind,
} from './every-target.ts';

/** Pods of an AKS cluster that take the certificate from a volume of the Secrets Store CSI driver. */
export interface KubernetesTarget extends CommonTarget {
  readonly kind: 'kubernetes';
  /** ARM id of the managed cluster. */
  readonly cluster: string;
  readonly namespace: string;
  /** Name of the SecretProviderClass that names the certificate. */
  readonly secretProviderClass: string;
  /** Name of the kubernetes.io/tls Secret that the driver keeps in step; absent: the pods read the volume. */
  readonly secret?: string | undefined;
  /** `{deployment|statefulset|daemonset}/{name}` of what is restarted; none: the application reads its files again by itself. */
  readonly workloads: readonly string[];
  /** `run-command`: by a command that AKS runs in the cluster, for a private cluster that the app does not reach. */
  readonly access: 'api' | 'run-command';
}

// Kubernetes' own names (RFC 1123): nothing in them means anything to a shell, a URL or a query.
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const NAME = `(?=[^/]{1,253}$)${LABEL}(?:\\.${LABEL})*`;
const CLUSTER_ID = new RegExp(
  `^${RESOURCE}Microsoft\\.ContainerService/managedClusters/[0-9A-Za-z](?:[\\w-]{0,61}[0-9A-Za-z])?$`,
  'i',
);
const objectName = (what: string) => word(new RegExp(`^${NAME}$`), what);

export const kubernetes = group({
  kind: z.literal('kubernetes'),
  ...common,
  cluster: word(
    CLUSTER_ID,
    'the ARM id of a cluster: /subscriptions/…/providers/Microsoft.ContainerService/managedClusters/…',
  ),
  namespace: word(new RegExp(`^${LABEL}$`), 'the name of a namespace: lower-case letters, digits and hyphens'),
  secretProviderClass: objectName('the name of a SecretProviderClass: lower-case letters, digits, - and .'),
  secret: objectName('the name of a Secret: lower-case letters, digits, - and .').optional(),
  workloads: listOf(
    word(
      new RegExp(`^(?:deployment|statefulset|daemonset)/${NAME}$`),
      'deployment/<name>, statefulset/<name> or daemonset/<name>',
    ),
    { max: 20, what: 'a list of at most 20 workloads like deployment/shop' },
  ).default([]),
  access: choice(['api', 'run-command']).default('api'),
  endpoint: endpoint.optional(),
});

/**
 * The driver takes the newest version by itself within its poll interval, and we restart what reads it. A pod holds no
 * version of its own: the way back is a version pinned in the SecretProviderClass, which belongs to its owner.
 */
export const kubernetesKind: TargetKind<z.output<typeof kubernetes>> = {
  facts: {
    control: 'push',
    pullWindowHours: 1,
    rollBack: 'no',
    takes: { privateCa: 'yes', keys: keyTypes, nonExportable: false },
  },
  /** `kubernetes:<first part of the subscription>/<group>/<cluster>:<namespace>/<class>`: names are a group's own. */
  idOf({ kind, cluster, namespace, secretProviderClass }) {
    const [, , subscription = '', , resourceGroup, , , , name] = cluster.split('/');
    const place = [subscription.split('-')[0], resourceGroup, name].join('/');
    return [kind, place, `${namespace}/${secretProviderClass}`].join(':').toLowerCase();
  },
  idFrom: 'cluster, namespace and secretProviderClass',
  endpointOf: ({ endpoint: given }) => endpointWithSni(given),
  findings: (file) => [...endpointFindings(file), ...commandFindings(file)],
};

/** A command's answer is not waited for: only a probe from outside tells what came of it. */
function commandFindings({ access, workloads, endpoint: given }: z.output<typeof kubernetes>): readonly Finding[] {
  if (access === 'api') return [];
  return [
    ...(given === undefined ? [lack('endpoint', 'which alone shows what a command has done')] : []),
    ...(workloads.length === 0 ? [lack('workloads', 'without which there is no command to run')] : []),
  ];
}

function lack(key: string, why: string): Finding {
  return { path: [], at: 'value', problem: `has access run-command and lacks ${key}, ${why}`, fix: `write ${key}` };
}
