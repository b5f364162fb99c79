import { parse } from 'yaml';
import { z } from 'zod';
import type { Arm } from '../azure/arm.ts';
import { RenewalError } from '../errors.ts';

/** What is read of Microsoft.ContainerService/managedClusters; what Azure sends besides is let through. */
const clusterShape = z.looseObject({
  properties: z.looseObject({
    fqdn: z.string().nullish(),
    privateFQDN: z.string().nullish(),
    powerState: z.looseObject({ code: z.string() }).nullish(),
    aadProfile: z.looseObject({}).nullish(),
    addonProfiles: z
      .record(z.string(), z.looseObject({ enabled: z.boolean(), config: z.record(z.string(), z.string()).nullish() }))
      .nullish(),
  }),
});
type ClusterProperties = z.infer<typeof clusterShape>['properties'];

const credentialShape = z.looseObject({ kubeconfigs: z.array(z.looseObject({ value: z.string() })).min(1) });

/** Of a kubeconfig, only where the server is and who vouches for it: what it says of users is left unread. */
const configShape = z.looseObject({
  clusters: z
    .array(z.looseObject({ cluster: z.looseObject({ server: z.string(), 'certificate-authority-data': z.string() }) }))
    .min(1),
});

/** An AKS cluster whose API can be asked, or why this one can not serve the newest version of anything. */
export type Cluster =
  | {
      readonly state: 'ready';
      readonly server: URL;
      readonly ca: string;
      /** Between two looks of the driver at the vaults. */
      readonly pollSeconds: number;
    }
  | { readonly state: 'refused'; readonly reason: string };

/** Reads the cluster, and where its API server is: no credential of anybody is asked for where a cluster has such. */
export async function readCluster(arm: Arm, id: string): Promise<Cluster> {
  const body = await arm.get(id);
  if (body === undefined) return { state: 'refused', reason: `there is no cluster ${id}` };
  const { properties } = checked(clusterShape, body, id);
  const reason = clusterProblem(properties);
  return reason === undefined
    ? { state: 'ready', ...(await apiServerOf(arm, id, properties)), pollSeconds: pollSecondsOf(properties) }
    : { state: 'refused', reason };
}

const ADDON = 'azurekeyvaultsecretsprovider';

/** Why a cluster takes no new version by itself; `undefined` when it does. */
export function clusterProblem({ powerState, aadProfile, addonProfiles }: ClusterProperties): string | undefined {
  if (powerState?.code === 'Stopped') return 'the cluster is stopped: start it';
  // The user credential of a cluster without Entra ID is a client certificate with its key, which the app must not hold.
  if (!aadProfile) return 'the cluster does not know Entra ID: az aks update --enable-aad';
  const addon = addonOf({ addonProfiles });
  if (addon?.enabled !== true)
    return 'the Secrets Store add-on is off: az aks enable-addons --addons azure-keyvault-secrets-provider';
  if (addon.config?.enableSecretRotation !== 'true')
    return 'the Secrets Store add-on does not rotate: az aks addon update --addon azure-keyvault-secrets-provider --enable-secret-rotation';
  return undefined;
}

function addonOf({ addonProfiles }: Pick<ClusterProperties, 'addonProfiles'>) {
  return Object.entries(addonProfiles ?? {}).find(([name]) => name.toLowerCase() === ADDON)?.[1];
}

/** The add-on's own, where nobody has chosen another one. */
const POLL_SECONDS = 120;
const UNIT_SECONDS = [3600, 60, 1];

/** `rotationPollInterval` as Go writes durations: `2m`, `1h30m`. */
function pollSecondsOf(properties: ClusterProperties): number {
  const text = addonOf(properties)?.config?.rotationPollInterval ?? '';
  const parts = /^(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/.exec(text)?.slice(1) ?? [];
  const seconds = parts.reduce((sum, part, at) => sum + Number(part ?? 0) * (UNIT_SECONDS[at] ?? 0), 0);
  return seconds > 0 ? seconds : POLL_SECONDS;
}

async function apiServerOf(
  arm: Arm,
  id: string,
  { fqdn, privateFQDN }: ClusterProperties,
): Promise<{ readonly server: URL; readonly ca: string }> {
  const answer = await arm.post(`${id}/listClusterUserCredential`);
  if (answer.state !== 'done') throw unreadable(id, 'an operation');
  const [first] = checked(credentialShape, answer.body, id).kubeconfigs;
  const config = checked(configShape, parsedYaml(Buffer.from(first?.value ?? '', 'base64').toString(), id), id);
  const [named] = config.clusters;
  const text = named?.cluster.server ?? '';
  const server = URL.canParse(text) ? new URL(text) : undefined;
  const isItsOwn = [fqdn, privateFQDN].some((host) => host?.toLowerCase() === server?.hostname);
  if (server?.protocol !== 'https:' || server.username !== '' || !isItsOwn)
    throw new RenewalError('arm-refused', `kubernetes: the server in the kubeconfig is not the cluster's: ${id}`);
  return { server, ca: Buffer.from(named?.cluster['certificate-authority-data'] ?? '', 'base64').toString() };
}

function parsedYaml(text: string, id: string): unknown {
  try {
    // Warnings would show its lines in the log.
    return parse(text, { maxAliasCount: 0, logLevel: 'error' }) as unknown;
  } catch {
    throw unreadable(id, 'no kubeconfig');
  }
}

function checked<T>(shape: z.ZodType<T>, body: unknown, id: string): T {
  const parsed = shape.safeParse(body);
  if (parsed.success) return parsed.data;
  throw unreadable(id, `no ${parsed.error.issues.map((issue) => issue.path.join('.')).join(', ')}`);
}

function unreadable(id: string, what: string): RenewalError {
  return new RenewalError('arm-unreachable', `kubernetes: the answer has ${what}: ${id}`);
}
