import { sameId } from '../azure/arm-id.ts';
import { RenewalError } from '../errors.ts';
import { type AppServiceTarget, appServiceKind } from '../plan/targets/app-service.ts';
import {
  type AppServiceResources,
  appServiceResources,
  type HostNameBinding,
  type SiteCertificate,
} from './app-service-resources.ts';
import type { Deployment, RollBack, TargetAdapter, TargetOptions, VersionToServe } from './port.ts';
import { probe } from './probe.ts';
import { namingRole, refusedByArm } from './refused-by-arm.ts';

/** As infra/roles/app-service-deployer.json calls it. */
const ROLE = 'Perennial App Service deployer';

export const kind = 'app-service';

/** App Service has no settings of its own: everything is in the target. */
export const settings = {} as const;

/** Sites (and slots) that serve a vault's certificate through a Microsoft.Web/certificates resource. */
export function create(options: TargetOptions): TargetAdapter<AppServiceTarget> {
  const resources = appServiceResources(options.arm);
  return {
    kind,
    capabilities: appServiceKind.facts,
    probe: ({ endpoint }) => probe(endpoint, options),
    deploy: (target, version) => namingRole(ROLE, () => refusedByArm(() => deploy(resources, target, version))),
    rollBack: (target, lastGood) => rollBack(resources, target, lastGood),
    async preflight(target, { isPrivate }) {
      if (!isPrivate) return {};
      const site = await resources.site(target);
      // A site that is gone is the deployment's affair: one lost target must not keep the others from being renewed.
      if (site === undefined || site.properties.hostingEnvironmentProfile) return {};
      return { refused: 'private-ca-on-multi-tenant' };
    },
  };
}

async function deploy(
  resources: AppServiceResources,
  target: AppServiceTarget,
  version: VersionToServe,
): Promise<Deployment> {
  const certificate = await resources.certificate(target);
  if (certificate === undefined) return refused(`there is no certificate resource ${target.certificateResource}`);
  const foreign = importProblem(certificate, version);
  if (foreign !== undefined) return refused(foreign);
  // Looked at before the sync, which moves every binding of the resource: a target without one is left as it is.
  const before = await resources.binding(target);
  if (before === undefined) return refused(`the site has no binding for ${target.hostName}`);
  if (holds(certificate, version)) return touched(() => bindTo(resources, { target, version }, before));
  const synchronized = await resources.synchronize(certificate);
  const problem = vaultProblem(synchronized);
  if (problem !== undefined) return refused(problem);
  if (!holds(synchronized, version)) throw stale(target, 'the certificate resource');
  const after = (await resources.binding(target)) ?? before;
  return touched(() => bindTo(resources, { target, version }, after));
}

/** A sync moves the bindings by itself. One that stayed behind is moved by hand. */
async function bindTo(
  resources: AppServiceResources,
  { target, version }: { readonly target: AppServiceTarget; readonly version: VersionToServe },
  binding: HostNameBinding,
): Promise<Deployment> {
  const isBound = binding.properties.sslState !== 'Disabled' && holds(binding, version);
  if (isBound) return { state: 'deployed', detail: `${target.hostName} is bound to ${version.thumbprint}` };
  const bound = await resources.bind(target, binding, version.thumbprint);
  if (!holds(bound, version)) throw stale(target, 'the host name binding');
  return { state: 'deployed', detail: `${target.hostName} was bound to ${version.thumbprint} again` };
}

/** Once the certificate resource holds the new version, the site may serve it, whatever else is refused. */
async function touched(work: () => Promise<Deployment>): Promise<Deployment> {
  const answer = await refusedByArm(work);
  return answer.state === 'refused' ? { ...answer, touched: true } : answer;
}

async function rollBack(
  resources: AppServiceResources,
  target: AppServiceTarget,
  lastGood: VersionToServe,
): Promise<RollBack> {
  const binding = await resources.binding(target);
  if (binding === undefined) return impossible(`the site has no binding for ${target.hostName}`);
  if (binding.properties.sslState !== 'Disabled' && holds(binding, lastGood)) {
    return { state: 'rolled-back', detail: `${target.hostName} is bound to ${lastGood.thumbprint}` };
  }
  const own = await resources.certificate(target);
  if (own === undefined) return impossible(`there is no certificate resource ${target.certificateResource}`);
  const keeper = (await resources.neighbours(own)).find((other) => sameWebspace(own, other) && holds(other, lastGood));
  if (keeper === undefined) {
    return impossible(
      `App Service keeps one copy per certificate resource, and none of the webspace holds ${lastGood.thumbprint}`,
    );
  }
  const bound = await resources.bind(target, binding, lastGood.thumbprint);
  if (!holds(bound, lastGood)) throw stale(target, 'the host name binding');
  return {
    state: 'rolled-back',
    detail: `${target.hostName} is bound to ${keeper.name} until App Service reads the vault again`,
  };
}

function holds(resource: { properties: { thumbprint?: string | null | undefined } }, version: VersionToServe): boolean {
  return resource.properties.thumbprint?.toUpperCase() === version.thumbprint.toUpperCase();
}

function sameWebspace(a: SiteCertificate, b: SiteCertificate): boolean {
  return a.properties.webSpace?.toLowerCase() === b.properties.webSpace?.toLowerCase();
}

function importProblem({ name, properties }: SiteCertificate, version: VersionToServe): string | undefined {
  const { keyVaultId, keyVaultSecretName } = properties;
  if (!keyVaultId || !keyVaultSecretName) return `${name} was uploaded, it does not import from a vault`;
  const isOurs = sameId(keyVaultId, version.vaultResourceId) && sameId(keyVaultSecretName, version.name);
  return isOurs ? undefined : `${name} imports ${keyVaultSecretName} of ${keyVaultId}`;
}

const role = 'give the App Service resource provider (app id abfa0a7c-a6b6-4736-8310-5855508787cd) the role';
const noAccess = `App Service may not read the vault: ${role} Key Vault Certificate User there, and let trusted services through the firewall`;

/** Azure's `keyVaultSecretStatus` values that a person has to mend, each with what mends it. */
const mendings: Readonly<Record<string, string>> = {
  OperationNotPermittedOnKeyVault: noAccess,
  AzureServiceUnauthorizedToAccessKeyVault: noAccess,
  KeyVaultDoesNotExist: 'App Service does not find the vault: import the certificate from the vault that holds it',
  KeyVaultSecretDoesNotExist: 'App Service does not find the certificate in the vault: enable or recover it there',
  CertificateOrderFailed: 'the certificate resource belongs to a failed App Service certificate order: import it anew',
  ExternalPrivateKey: 'the private key is not in the vault: App Service cannot serve the certificate',
};

function vaultProblem({ properties }: SiteCertificate): string | undefined {
  const status = properties.keyVaultSecretStatus ?? '';
  const mending = mendings[status];
  return mending === undefined ? undefined : `${mending} (${status})`;
}

function refused(reason: string): Deployment {
  return { state: 'refused', reason };
}

function impossible(reason: string): RollBack {
  return { state: 'impossible', reason };
}

/** App Service may still read an older secret for some minutes after a merge. */
function stale(target: AppServiceTarget, what: string): RenewalError {
  const message = `app-service: deploy: ${what} still shows another certificate, try again: target=${target.id}`;
  return new RenewalError('arm-unreachable', message, { retryAfterSeconds: 60 });
}
