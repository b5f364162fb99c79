import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { createAppService } from '../../local/arm/app-service.ts';
import { createCommands } from '../../local/arm/containers/commands.ts';
import { type ManagedCluster, managedClusterRoutes } from '../../local/arm/containers/managed-clusters.ts';
import { ManualClock } from '../../local/clock.ts';
import type { EmulatorResponse } from '../../local/emulator.ts';
import { statusAnswer } from '../../local/kubernetes/answers.ts';
import { createCluster } from '../../local/kubernetes/cluster.ts';
import { startIngress } from '../../local/kubernetes/ingress.ts';
import type { Rule } from '../../local/kubernetes/rbac.ts';
import type { Application, ClusterFault, WorkloadSeed } from '../../local/kubernetes/types.ts';
import { createTransportCa } from '../../local/transport/ca.ts';
import { createLine } from '../../local/transport/line.ts';
import { serveEmulator } from '../../local/transport/serve.ts';
import type { KubernetesTarget } from '../../src/plan/targets/kubernetes.ts';
import type { Probe } from '../../src/targets/port.ts';
import { createTarget } from '../../src/targets/registry.ts';
import { GROUP, HOST, type MadeSecret, START, SUBSCRIPTION } from '../unit/local/arm/bench.ts';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { armBench } from './arm-bench.ts';
import type { TargetBench } from './target-under-test.ts';

const OBJECT_ID = '33333333-3333-3333-3333-333333333333';
const HOUR = 3_600_000;
/** So that what happens by itself happens in its order. */
const STEP_SECONDS = 5;
export const CLUSTER = `${GROUP}/providers/Microsoft.ContainerService/managedClusters/aks-one`;
export const NAMESPACE = 'shop';

const manifest = readFileSync(resolve(import.meta.dirname, '../../infra/kubernetes/deployer.yaml'), 'utf8');
/** The rules of the Role that people are told to make. */
export const { rules: RULES } = parse(manifest.split(/^---$/m)[0] ?? '') as { readonly rules: readonly Rule[] };
export const ROLE = [
  'Microsoft.ContainerService/managedClusters/read',
  'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
];

const ONE_OBJECT = 'array:\n  - |\n    objectName: shop\n    objectType: secret\n';
const volume: Application = { from: 'volume', reads: 'start', secretProviderClass: 'shop-tls' };
export const SYNCED = {
  secretName: 'shop-tls',
  type: 'kubernetes.io/tls',
  data: ['tls.key', 'tls.crt'].map((key) => ({ objectName: 'shop', key })),
};

export interface KubernetesWish {
  /** YAML of the class's objects. */
  readonly objects?: string;
  readonly vault?: string;
  readonly provider?: string;
  readonly secretObjects?: readonly unknown[];
  readonly workloads?: readonly Partial<WorkloadSeed>[];
  readonly target?: Partial<KubernetesTarget>;
  readonly role?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly faults?: readonly ClusterFault[];
  readonly properties?: ManagedCluster['properties'];
}

/** A cluster whose pods serve the old certificate, a vault that holds the renewed one, and the adapter over real TLS. */
export async function openKubernetes(secrets: Awaited<ReturnType<typeof makeSecrets>>, wish: KubernetesWish = {}) {
  const { ca, old, renewed } = secrets;
  const clock = new ManualClock(START);
  let held: MadeSecret = old;
  const reads: string[] = [];
  const appService = createAppService({ clock, readSecret: async () => ({ state: 'secret-unknown' }) });
  const clusters: ManagedCluster[] = [];
  const commands = createCommands(clock);
  let origin = '';
  const arm = await armBench({
    ...{ role: wish.role ?? ROLE, scope: CLUSTER, clock, appService, subscriptions: [SUBSCRIPTION] },
    routes: managedClusterRoutes({ clusters, commands, origin: () => origin }),
  });
  origin = arm.url;
  const principal = arm.identity.addPrincipal({ name: 'deployer', clientId: OBJECT_ID, objectId: OBJECT_ID });
  const cluster = createCluster({
    ...{ access: arm.identity, clock },
    async read(vault, name) {
      reads.push(`${vault} ${name}`);
      const of = name.endsWith(versionOf(old).version) ? old : held;
      if (of.secret.state !== 'ok') return undefined;
      const { contentType, value } = of.secret;
      return { contentType, value, version: versionOf(of).version };
    },
  });
  cluster.rbac.bind(principal, NAMESPACE, wish.rules ?? RULES);
  const { objects = ONE_OBJECT, vault = 'kv-one', secretObjects, provider } = wish;
  const seed = { namespace: NAMESPACE, name: 'shop-tls', vault, objects };
  cluster.addClass({ ...seed, ...(secretObjects && { secretObjects }), ...(provider && { provider }) });
  for (const workload of wish.workloads ?? [{}]) {
    const usual = { resource: 'deployments', name: 'shop', replicas: 2, application: volume } as const;
    await cluster.addWorkload({ ...usual, namespace: NAMESPACE, ...workload });
  }
  const ingress = await startIngress(cluster, { namespace: NAMESPACE, workload: 'shop', hostName: HOST });
  for (const fault of wish.faults ?? []) cluster.faults.add(fault);
  held = renewed;

  const trust = createTransportCa();
  const counts = { patches: 0 };
  const planted: EmulatorResponse[] = [];
  const line = createLine();
  line.add(async ({ method }, next) => {
    const response = method === 'PATCH' ? planted.shift() : undefined;
    if (response !== undefined) return { state: 'whole', response };
    const delivery = await next();
    if (method === 'PATCH' && delivery.state !== 'none' && delivery.response.status < 300) counts.patches += 1;
    return delivery;
  });
  const listener = await serveEmulator(cluster, { port: 0, tls: trust.issue(), line });
  const place = { resourceId: CLUSTER, location: 'westeurope', server: listener.url, caPem: trust.caPem, cluster };
  clusters.push({ ...place, ...(wish.properties && { properties: wish.properties }) });

  const target: KubernetesTarget = {
    kind: 'kubernetes',
    id: 'kubernetes:aks-one/shop/shop-tls',
    cluster: CLUSTER,
    namespace: NAMESPACE,
    secretProviderClass: 'shop-tls',
    workloads: ['deployment/shop'],
    access: 'api',
    endpoint: { host: ingress.host, port: ingress.port, sni: HOST },
    ...wish.target,
  };
  const credential = {
    getToken: async (scopes: string | readonly string[]) => ({
      token: arm.identity.issueToken(principal, String(scopes).replace(/\/\.default$/, '')),
      expiresOnTimestamp: Date.now() + HOUR,
    }),
  };
  const adapter = createTarget('kubernetes', { arm: arm.arm, clock, roots: [ca.root.pem], credential });
  const version = versionOf(renewed);
  return {
    ...{ adapter, target, cluster, clock, arm, ingress, planted, counts, reads, credential, principal, version },
    ...{ server: listener.url, caPem: trust.caPem, commands },
    deploy: () => adapter.deploy(target, version),
    verify: (): Promise<Probe> => adapter.probe(target, { purpose: 'verify', version }),
    async pass(seconds: number): Promise<void> {
      for (let left = seconds; left > 0; left -= STEP_SECONDS) {
        clock.advance(Math.min(left, STEP_SECONDS) * 1000);
        await Promise.all([cluster.settled(), commands.settled()]);
      }
    },
    async close(): Promise<void> {
      await Promise.all([arm.close(), listener.close(), ingress.close()]);
      cluster.stop();
      appService.stop();
    },
  };
}

/** The rules without one right, which is told as the API server tells it: `patch resource "deployments"`. */
function rulesWithout(right: string | undefined): readonly Rule[] {
  const [, verb, resource] = /^(\w+) resource "(\w+)"$/.exec(right ?? '') ?? [];
  if (resource === undefined) return RULES;
  return RULES.flatMap((rule) => [
    { ...rule, resources: rule.resources.filter((one) => one !== resource) },
    {
      ...rule,
      resources: [resource].filter((one) => rule.resources.includes(one)),
      verbs: rule.verbs.filter((one) => one !== verb),
    },
  ]);
}

let secrets: ReturnType<typeof makeSecrets> | undefined;

/** Pods of a cluster, in the words of every target's suite. */
export const kubernetesTarget: TargetBench = {
  title: 'Kubernetes, as every kind of target',
  lacks: {
    pulled: 'pods that are restarted read their files once; what reads them again is tried in kubernetes.test.ts',
  },
  demands: [
    ...ROLE,
    'get resource "secretproviderclasses"',
    'get resource "deployments"',
    'patch resource "deployments"',
  ],
  conflicts: [
    statusAnswer(
      409,
      'Conflict',
      'Operation cannot be fulfilled on deployments.apps "shop": the object has been modified',
    ),
  ],
  async setUp({ lies = false, gone = false, without }) {
    secrets ??= makeSecrets();
    const made = await secrets;
    const open = await openKubernetes(made, {
      role: ROLE.filter((action) => action !== without),
      rules: rulesWithout(without),
      faults: lies ? ['k8s.cache'] : [],
      ...(gone && { target: { workloads: ['deployment/gone'] } }),
    });
    return {
      ...{ adapter: open.adapter, target: open.target, pass: open.pass },
      old: versionOf(made.old),
      renewed: open.version,
      writes: () => open.counts.patches,
      effects: () => open.ingress.changes,
      plant: (answer, which) => (which === 'write' ? void open.planted.push(answer) : open.arm.plant(answer, which)),
      tearDown: open.close,
    };
  },
};
