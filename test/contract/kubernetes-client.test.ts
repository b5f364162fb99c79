import { X509Certificate } from 'node:crypto';
import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
} from '@kubernetes/client-node';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AKS_AUDIENCE } from '../../local/kubernetes/api.ts';
import { sha256Hex } from '../../src/certificate/fingerprint.ts';
import { makeSecrets, versionOf } from './app-service-bench.ts';
import { CLUSTER, type KubernetesWish, NAMESPACE, openKubernetes, RULES, SYNCED } from './kubernetes-bench.ts';

let secrets: Awaited<ReturnType<typeof makeSecrets>>;
beforeAll(async () => {
  secrets = await makeSecrets();
});

type Opened = Awaited<ReturnType<typeof openKubernetes>>;
const ends: Opened[] = [];
afterEach(async () => {
  for (const one of ends.splice(0)) await one.close();
});

/** Kubernetes' own client, told by the kubeconfig that Resource Manager gives, with the deployer's token. */
async function open(wish: KubernetesWish = {}) {
  const opened = await openKubernetes(secrets, wish);
  ends.push(opened);
  const answer = await opened.arm.arm.post(`${CLUSTER}/listClusterUserCredential`);
  const { kubeconfigs } = (answer.state === 'done' ? answer.body : {}) as { kubeconfigs: { value: string }[] };
  const config = new KubeConfig();
  config.loadFromString(Buffer.from(kubeconfigs[0]?.value ?? '', 'base64').toString());
  const clusters = config.getClusters();
  const [context] = config.getContexts();
  const token = opened.arm.identity.issueToken(opened.principal, AKS_AUDIENCE);
  const users = [{ name: context?.user ?? '', token }];
  config.loadFromOptions({ clusters, users, contexts: config.getContexts(), currentContext: context?.name });
  return { ...opened, config, apps: config.makeApiClient(AppsV1Api) };
}

async function refusedBy(work: Promise<unknown>): Promise<{ readonly code: number; readonly body: unknown }> {
  const error = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof ApiException)) throw new TypeError(`no refusal of the API: ${JSON.stringify(error)}`);
  const body: unknown = typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
  return { code: error.code, body };
}

const shop = { name: 'shop', namespace: NAMESPACE };
const strategic = setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch);
const restart = (resourceVersion?: string) => ({
  metadata: { resourceVersion },
  spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-11-01T00:00:00Z' } } } },
});
const everySecret = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] };

describe("Kubernetes' own client at the stand's cluster", () => {
  it('finds out what there is', async () => {
    const { config } = await open();
    expect(await config.makeApiClient(VersionApi).getCode()).toMatchObject({ major: '1' });
    const core = await config.makeApiClient(CoreV1Api).getAPIResources();
    expect(core.resources.map(({ name }) => name)).toEqual(['namespaces', 'secrets']);
    const found = await KubernetesObjectApi.makeApiClient(config).read({
      ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
      metadata: shop,
    });
    expect(found.metadata?.generation).toBe(1);
  });

  it('restarts a Deployment and sees its pods replaced', async () => {
    const { apps, pass } = await open();
    const before = await apps.readNamespacedDeployment(shop);
    expect(before.status).toMatchObject({
      observedGeneration: 1,
      replicas: 2,
      updatedReplicas: 2,
      availableReplicas: 2,
    });
    const patched = await apps.patchNamespacedDeployment({ ...shop, body: restart() }, strategic);
    expect(patched.metadata?.generation).toBe(2);
    expect(patched.spec?.template.spec?.containers).toEqual(before.spec?.template.spec?.containers);
    expect(patched.status?.observedGeneration).toBe(1);
    await pass(10);
    expect((await apps.readNamespacedDeployment(shop)).status).toMatchObject({
      observedGeneration: 2,
      updatedReplicas: 1,
    });
    await pass(30);
    expect((await apps.readNamespacedDeployment(shop)).status).toMatchObject({ replicas: 2, updatedReplicas: 2 });
  });

  it('is told that somebody else was first', async () => {
    const { apps } = await open();
    const read = await apps.readNamespacedDeployment(shop);
    await apps.patchNamespacedDeployment({ ...shop, body: restart(read.metadata?.resourceVersion) }, strategic);
    const late = apps.patchNamespacedDeployment({ ...shop, body: restart(read.metadata?.resourceVersion) }, strategic);
    expect(await refusedBy(late)).toMatchObject({ code: 409, body: { kind: 'Status', reason: 'Conflict', code: 409 } });
  });

  it('is told what an admission webhook has against it', async () => {
    const { apps } = await open({ faults: ['k8s.denied'] });
    const refused = await refusedBy(apps.patchNamespacedDeployment({ ...shop, body: restart() }, strategic));
    expect(refused).toMatchObject({ code: 403, body: { message: expect.stringContaining('denied the request') } });
  });

  it('lists page by page', async () => {
    const names = ['one', 'three', 'two'];
    const list = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list'] };
    const { apps } = await open({ workloads: names.map((name) => ({ name })), rules: [list] });
    const first = await apps.listNamespacedDeployment({ namespace: NAMESPACE, limit: 2 });
    expect(first.metadata).toMatchObject({ remainingItemCount: 1 });
    const _continue = first.metadata?._continue ?? '';
    const second = await apps.listNamespacedDeployment({ namespace: NAMESPACE, limit: 2, _continue });
    expect([...first.items, ...second.items].map(({ metadata }) => metadata?.name)).toEqual(names);
    expect(second.metadata?._continue).toBeUndefined();
  });

  it('reads what the driver has mounted, and sees it follow the vault', async () => {
    const { config, pass } = await open();
    const custom = config.makeApiClient(CustomObjectsApi);
    const versions = async (): Promise<unknown> => {
      const found = await custom.listNamespacedCustomObject({
        ...{ group: 'secrets-store.csi.x-k8s.io', version: 'v1', namespace: NAMESPACE },
        plural: 'secretproviderclasspodstatuses',
      });
      return found.items.map((one: { status: { objects: unknown } }) => one.status.objects);
    };
    const mounted = (made: 'old' | 'renewed') => [{ id: 'secret/shop', version: versionOf(secrets[made]).version }];
    expect(await versions()).toEqual([mounted('old'), mounted('old')]);
    await pass(125);
    expect(await versions()).toEqual([mounted('renewed'), mounted('renewed')]);
  });

  it('reads a Secret only with a right to', async () => {
    const synced = { namespace: NAMESPACE, name: 'shop-tls' };
    const { config: without } = await open({ secretObjects: [SYNCED] });
    const refused = await refusedBy(without.makeApiClient(CoreV1Api).readNamespacedSecret(synced));
    expect(refused).toMatchObject({ code: 403, body: { reason: 'Forbidden', details: { kind: 'secrets' } } });
    const { config, pass } = await open({ secretObjects: [SYNCED], rules: [...RULES, everySecret] });
    await pass(125);
    const { type, data } = await config.makeApiClient(CoreV1Api).readNamespacedSecret(synced);
    expect(type).toBe('kubernetes.io/tls');
    const leaf = new X509Certificate(Buffer.from(data?.['tls.crt'] ?? '', 'base64'));
    expect(sha256Hex(leaf.raw)).toBe(versionOf(secrets.renewed).sha256);
  });

  it('asks what it may do', async () => {
    const { config } = await open();
    const asks = config.makeApiClient(AuthorizationV1Api);
    const may = async (verb: string, resource: string, group: string): Promise<boolean | undefined> => {
      const resourceAttributes = { namespace: NAMESPACE, verb, resource, group };
      const answer = await asks.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
      return answer.status?.allowed;
    };
    expect(await may('patch', 'deployments', 'apps')).toBe(true);
    expect(await may('get', 'secrets', '')).toBe(false);
  });

  it('is sent away with a token for something else', async () => {
    const { config, arm, principal } = await open();
    const [user] = config.getUsers();
    const token = arm.identity.issueToken(principal, 'https://management.azure.com');
    config.loadFromOptions({ ...config, users: [{ ...user, token }] });
    const refused = await refusedBy(config.makeApiClient(AppsV1Api).readNamespacedDeployment(shop));
    expect(refused).toMatchObject({ code: 401 });
  });
});
