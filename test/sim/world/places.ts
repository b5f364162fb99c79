import type { AppServiceTarget } from '../../../src/plan/targets/app-service.ts';
import { type KubernetesTarget, kubernetesKind } from '../../../src/plan/targets/kubernetes.ts';
import { type VirtualMachineTarget, virtualMachineKind } from '../../../src/plan/targets/virtual-machine.ts';
import type { WavePlan } from '../../../src/plan/types.ts';
import { percentWaves } from '../../../src/plan/waves.ts';
import type { Dice } from '../virtual/dice.ts';
import { DOMAIN, SUBSCRIPTION } from './names.ts';

/** A place of a simulated estate that uses a certificate. */
export type SimTarget = AppServiceTarget | VirtualMachineTarget | KubernetesTarget;

/** Of machines, as ARM has it. */
export const REGION = 'westeurope';

/** The site's name, the machine's or the cluster's: also the first label of the name that it serves. */
export function labelOf(target: SimTarget): string {
  return resourceOf(target).split('/').at(-1) ?? '';
}

function resourceOf(target: SimTarget): string {
  switch (target.kind) {
    case 'app-service':
      return target.site;
    case 'virtual-machine':
      return target.machine;
    case 'kubernetes':
      return target.cluster;
  }
}

/** The name that it serves. */
export function hostNameOf(target: SimTarget): string {
  return `${labelOf(target)}.${DOMAIN}`;
}

/** One of an estate's targets may be a cluster: it is the one that costs most to live through. */
const CLUSTER_SHARE = 0.15;

/** Sites, machines, or both, and seldom a cluster; those that share a webspace are sites. */
export function drawTargets(dice: Dice, name: string, sharesWebspace: boolean): readonly SimTarget[] {
  const count = dice.pick('targets', [0, 1, 1, 2, 3]);
  const share = dice.pick('machine share', [0, 0.5, 1]);
  const hasCluster = dice.chance('cluster', CLUSTER_SHARE) && !sharesWebspace;
  const clusterAt = hasCluster ? dice.integer('cluster at', 0, count - 1) : -1;
  return Array.from({ length: count }, (_, at) => {
    const label = `${name}-${at + 1}`;
    const isMachine = dice.chance('machine', share) && !sharesWebspace;
    const tags = dice.chance('canary', 0.4) ? { ring: 'canary' } : { ring: 'rest' };
    // What is drawn for the others is drawn all the same: an estate without clusters is what it was before there were any.
    const other: SimTarget = isMachine ? drawMachine(dice, label) : siteOf(name, label, sharesWebspace);
    return { ...(at === clusterAt ? drawCluster(dice, label) : other), tags };
  });
}

export function drawWaves(dice: Dice): readonly WavePlan[] {
  const percents = dice.pick<readonly number[]>('waves', [[100], [50, 100], [30, 60, 100]]);
  const by = dice.pick('waves by', ['percent', 'percent', 'count', 'tag'] as const);
  if (by === 'count') return [{ count: 1 }, { percent: 100 }];
  return by === 'tag' ? [{ tag: { ring: 'canary' } }, { percent: 100 }] : percentWaves(percents);
}

function siteOf(name: string, label: string, sharesWebspace: boolean): AppServiceTarget {
  const group = sharesWebspace ? `rg-${name}` : `rg-${label}`;
  const hostName = `${label}.${DOMAIN}`;
  return {
    kind: 'app-service',
    id: `app-service:${label}:${hostName}`,
    site: `/subscriptions/${SUBSCRIPTION}/resourceGroups/${group}/providers/Microsoft.Web/sites/${label}`,
    certificateResource: sharesWebspace ? name : label,
    hostName,
    endpoint: { host: hostName, port: 443, sni: hostName },
  };
}

/** Half of them are not to be reached from outside: only their report tells what they serve. */
function drawMachine(dice: Dice, label: string): VirtualMachineTarget {
  const host = `${label}.${DOMAIN}`;
  const group = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-${label}`;
  const use = drawUse(dice, label);
  const endpoint = { host, port: 443, sni: host };
  const listens = dice.chance('listens', 0.5) || (use.service === undefined && use.iis === undefined);
  const machine = {
    kind: 'virtual-machine' as const,
    machine: `${group}/providers/Microsoft.Compute/virtualMachines/${label}`,
    location: REGION,
    waitSeconds: 120,
    ...use,
    ...(listens && { endpoint }),
  };
  return { ...machine, id: virtualMachineKind.idOf(machine) };
}

type Use = Pick<VirtualMachineTarget, 'os' | 'path' | 'service' | 'apply' | 'iis'>;

/** What on the machine reads the certificate. */
function drawUse(dice: Dice, label: string): Use {
  const path = `/etc/ssl/perennial/${label}.pem`;
  return dice.pick<Use>('use', [
    { os: 'linux', path, service: 'nginx', apply: 'reload' },
    { os: 'linux', path, service: 'haproxy', apply: 'restart' },
    { os: 'linux', path },
    { os: 'windows', iis: { port: 443, host: `${label}.${DOMAIN}` } },
    { os: 'windows', service: 'ContosoGateway' },
  ]);
}

/** What its pods do with the certificate: read the volume or the Secret, at their start or again and again. */
function drawCluster(dice: Dice, label: string): KubernetesTarget {
  const host = `${label}.${DOMAIN}`;
  const endpoint = { host, port: 443, sni: host };
  const secret = dice.chance('synced Secret', 0.5) ? 'web-tls' : undefined;
  const workload = dice.pick('workload', ['deployment/web', 'deployment/web', 'statefulset/web', 'daemonset/web']);
  const cluster = {
    kind: 'kubernetes' as const,
    cluster: `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-${label}/providers/Microsoft.ContainerService/managedClusters/${label}`,
    namespace: label,
    secretProviderClass: 'web-tls',
    workloads: dice.chance('restarted', 0.75) ? [workload] : [],
    access: 'api' as const,
    ...(secret !== undefined && { secret }),
    ...(dice.chance('ingress', 0.7) && { endpoint }),
  };
  return { ...cluster, id: kubernetesKind.idOf(cluster) };
}
