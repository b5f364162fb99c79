import { parse } from 'yaml';
import { z } from 'zod';
import { RenewalError } from '../errors.ts';
import type { KubernetesTarget } from '../plan/targets/kubernetes.ts';
import type { VersionToServe } from './port.ts';

/** secrets-store.csi.x-k8s.io/v1, as far as it is read. */
const classShape = z.looseObject({
  spec: z.looseObject({
    provider: z.string(),
    parameters: z.record(z.string(), z.string()).nullish(),
    secretObjects: z
      .array(
        z.looseObject({
          secretName: z.string(),
          type: z.string(),
          data: z.array(z.looseObject({ objectName: z.string(), key: z.string() })).nullish(),
        }),
      )
      .nullish(),
  }),
});
type ClassSpec = z.infer<typeof classShape>['spec'];

/** One entry of the Azure provider's `objects`: https://azure.github.io/secrets-store-csi-driver-provider-azure. */
const objectShape = z.looseObject({
  objectName: z.coerce.string(),
  objectType: z.string(),
  objectAlias: z.coerce.string().nullish(),
  objectVersion: z.coerce.string().nullish(),
});
const objectsShape = z.looseObject({ array: z.array(z.string()) });
type ClassObject = z.infer<typeof objectShape>;

const MOST_CHARACTERS = 100_000;

/** Why a SecretProviderClass does not give the newest version of the certificate to its pods; `undefined` when it does. */
export function classProblem(body: unknown, target: KubernetesTarget, version: VersionToServe): string | undefined {
  const name = `SecretProviderClass ${target.secretProviderClass}`;
  const read = classShape.safeParse(body).data;
  if (read === undefined) return `${name} cannot be read`;
  const { provider, parameters } = read.spec;
  if (provider !== 'azure') return `${name} is of the provider ${provider}: only azure reads Key Vault`;
  const vault = version.vaultResourceId.split('/').at(-1) ?? '';
  const theirs = parameters?.keyvaultName ?? '';
  if (!sameName(theirs, vault)) return `${name} reads the vault ${theirs || '(none)'}: write keyvaultName: ${vault}`;
  const objects = objectsOf(parameters?.objects ?? '');
  if (objects === undefined) return `${name}: its objects cannot be read as YAML`;
  const ours = objects.filter(
    ({ objectName, objectType }) => objectType !== 'key' && sameName(objectName, version.name),
  );
  if (ours.length === 0) return `${name} does not name ${version.name} as an object of type secret or cert`;
  const pinned = ours.find(({ objectVersion }) => objectVersion);
  if (pinned !== undefined)
    return `${name} pins ${version.name} to the version ${pinned.objectVersion}: take objectVersion out, else no pod gets a newer one`;
  return target.secret === undefined ? undefined : secretProblem(read.spec, target.secret, ours);
}

/** Whether the driver keeps the Secret in step with our certificate: seen in the class; the Secret itself is not read. */
function secretProblem({ secretObjects }: ClassSpec, secret: string, ours: readonly ClassObject[]): string | undefined {
  const synced = secretObjects?.find(({ secretName }) => secretName === secret);
  if (synced === undefined) return `the SecretProviderClass does not sync a Secret ${secret}: name it in secretObjects`;
  if (synced.type !== 'kubernetes.io/tls')
    return `the Secret ${secret} is of the type ${synced.type}, not kubernetes.io/tls`;
  const files = ours.filter(({ objectType }) => objectType === 'secret').map(fileOf);
  const lacking = ['tls.crt', 'tls.key'].find(
    (key) => !synced.data?.some((one) => one.key === key && files.includes(one.objectName)),
  );
  return (
    lacking && `${lacking} of the Secret ${secret} is not made of the certificate: give its objectName in secretObjects`
  );
}

function fileOf({ objectAlias, objectName }: ClassObject): string {
  return objectAlias || objectName;
}

function objectsOf(text: string): readonly ClassObject[] | undefined {
  const list = objectsShape.safeParse(parsedYaml(text)).data;
  const read = list?.array.map((one) => objectShape.safeParse(parsedYaml(one)).data);
  return read?.every((one) => one !== undefined) ? read : undefined;
}

function parsedYaml(text: string): unknown {
  if (text.length > MOST_CHARACTERS) return undefined;
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' }) as unknown;
  } catch {
    return undefined;
  }
}

/** What the driver says that a pod has mounted: https://secrets-store-csi-driver.sigs.k8s.io/concepts. */
const podStatusShape = z.looseObject({
  metadata: z.looseObject({ creationTimestamp: z.iso.datetime() }),
  status: z
    .looseObject({
      podName: z.string().default(''),
      secretProviderClassName: z.string().default(''),
      mounted: z.boolean().default(false),
      objects: z.array(z.looseObject({ id: z.string(), version: z.string() })).nullish(),
    })
    .nullish(),
});

/** A pod that has a volume of the class, and which versions of the certificate are in it. */
export interface MountedPod {
  readonly name: string;
  /** When it first mounted the class, ISO 8601 by the cluster's clock. */
  readonly since: string;
  readonly versions: readonly string[];
}

/**
 * The pods that mount the target's class. Where its workloads mount it themselves, only theirs: a pod that has ended keeps
 * its status, and nothing renews what it had.
 */
export function mountedPods(
  statuses: readonly unknown[],
  target: KubernetesTarget,
  { name }: Pick<VersionToServe, 'name'>,
): readonly MountedPod[] {
  const ids = ['secret', 'cert'].map((type) => `${type}/${name}`.toLowerCase());
  const prefixes = target.secret === undefined ? target.workloads.map((one) => `${one.split('/')[1]}-`) : [];
  return statuses.flatMap((body) => {
    const parsed = podStatusShape.safeParse(body);
    if (!parsed.success) throw new RenewalError('arm-unreachable', `kubernetes: no pod status: target=${target.id}`);
    const { status, metadata } = parsed.data;
    if (status?.mounted !== true || status.secretProviderClassName !== target.secretProviderClass) return [];
    const { podName, objects } = status;
    if (prefixes.length > 0 && !prefixes.some((prefix) => podName.startsWith(prefix))) return [];
    const ours = (objects ?? []).filter(({ id }) => ids.includes(id.toLowerCase()));
    return [{ name: podName, since: metadata.creationTimestamp, versions: ours.map(({ version }) => version) }];
  });
}

/** Vaults and what is in them are named without regard to case. */
function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
