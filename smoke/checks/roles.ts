import appServiceDeployer from '../../infra/roles/app-service-deployer.json' with { type: 'json' };
import builtIn from '../../infra/roles/built-in.json' with { type: 'json' };
import caSigner from '../../infra/roles/ca-signer.json' with { type: 'json' };
import certificateRenewer from '../../infra/roles/certificate-renewer.json' with { type: 'json' };
import clusterCommand from '../../infra/roles/cluster-command.json' with { type: 'json' };
import clusterDeployer from '../../infra/roles/cluster-deployer.json' with { type: 'json' };
import configReader from '../../infra/roles/config-reader.json' with { type: 'json' };
import crlPublisher from '../../infra/roles/crl-publisher.json' with { type: 'json' };
import dnsProver from '../../infra/roles/dns-prover.json' with { type: 'json' };
import estateKeeper from '../../infra/roles/estate-keeper.json' with { type: 'json' };
import gatewayDeployer from '../../infra/roles/gateway-deployer.json' with { type: 'json' };
import issuerCredentials from '../../infra/roles/issuer-credentials.json' with { type: 'json' };
import journalWriter from '../../infra/roles/journal-writer.json' with { type: 'json' };
import logReader from '../../infra/roles/log-reader.json' with { type: 'json' };
import machineDeployer from '../../infra/roles/machine-deployer.json' with { type: 'json' };
import scaleSetDeployer from '../../infra/roles/scale-set-deployer.json' with { type: 'json' };
import scaleSetModelDeployer from '../../infra/roles/scale-set-model-deployer.json' with { type: 'json' };
import usageReader from '../../infra/roles/usage-reader.json' with { type: 'json' };
import type { Finding } from '../report.ts';

/** A role as the deployment gives it out. */
export interface DeployedRole {
  readonly name: string;
  readonly principal: string;
  /** In words, as the file has it. */
  readonly scope: string;
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
}

/** Every role of infra/roles. */
export const deployedRoles: readonly DeployedRole[] = [
  ...[appServiceDeployer, caSigner, certificateRenewer, configReader, crlPublisher, dnsProver, estateKeeper],
  ...[gatewayDeployer, issuerCredentials, journalWriter, logReader, machineDeployer, clusterDeployer, clusterCommand],
  scaleSetDeployer,
  scaleSetModelDeployer,
  usageReader,
];

/** Scopes of roles that not every deployment gives out: it depends on the issuers and kinds of targets that there are. */
const ifNeeded: readonly string[] = [
  ...['each vault of issuer credentials', 'each DNS zone of ACME', 'the CRL container of each CA'],
  ...['each resource group of gateways', 'each resource group of machines', 'each resource group of scale sets'],
  ...['each resource group of clusters', 'each resource group of clusters that are asked by command'],
  'each resource group of scale sets that are deployed to by their model',
  'each subscription that is looked at for uses',
];

/** A role that somebody really holds: the assignment, with what its definition allows. */
export interface Held {
  /** ARM id of the place, as spelled there. */
  readonly scope: string;
  /** Last part of the definition's id. */
  readonly definition: string;
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
}

/** Where things are that roles are about. */
export interface Grounds {
  readonly vaults: readonly string[];
  /** Group of the test site; absent without one. */
  readonly siteGroup?: string;
}

/** What the scope of a role looks like, by the words of its file. */
const places: Readonly<Record<string, RegExp>> = {
  'each vault of the estate': /\/vaults\/[^/]+$/i,
  'each vault of a CA': /\/vaults\/[^/]+$/i,
  'each vault of issuer credentials': /\/vaults\/[^/]+$/i,
  'each DNS zone of ACME': /\/dnsZones\/[^/]+$/i,
  'each resource group of targets': /\/resourceGroups\/[^/]+$/i,
  'each resource group of gateways': /\/resourceGroups\/[^/]+$/i,
  'each resource group of scale sets': /\/resourceGroups\/[^/]+$/i,
  'each resource group of scale sets that are deployed to by their model': /\/resourceGroups\/[^/]+$/i,
  'each resource group of machines': /\/resourceGroups\/[^/]+$/i,
  'each resource group of clusters': /\/resourceGroups\/[^/]+$/i,
  'each resource group of clusters that are asked by command': /\/resourceGroups\/[^/]+$/i,
  'the tables of the records account': /\/tableServices\/default$/i,
  'the journal container': /\/containers\/journal$/i,
  'the CRL container of each CA': /\/containers\/[^/]+$/i,
  'the config container': /\/containers\/config$/i,
  'each subscription that is looked at for uses': /^\/subscriptions\/[^/]+$/i,
  'the Log Analytics workspace': /\/workspaces\/[^/]+$/i,
};

/** Whether an identity of the app holds exactly its roles at their places: `as deployed`, or what is missing or too much. */
export function judgeDuty(duty: string, held: readonly Held[], grounds: Grounds): Finding {
  const own = deployedRoles.filter(({ principal }) => principal === duty);
  const fits = (role: DeployedRole, one: Held): boolean =>
    isSame(role, one) && (places[role.scope]?.test(one.scope) ?? false);
  const problems = [
    ...own.flatMap((role) =>
      missing(
        role,
        held.filter((one) => fits(role, one)),
        grounds,
      ),
    ),
    ...held.filter((one) => !own.some((role) => fits(role, one))).map(besides),
  ];
  return problems.length === 0
    ? { saw: 'as deployed', detail: `${held.length} assignments` }
    : { saw: problems.join('; ') };
}

function missing(role: DeployedRole, held: readonly Held[], { vaults, siteGroup }: Grounds): readonly string[] {
  const wanted: Readonly<Record<string, readonly string[] | undefined>> = {
    'each vault of the estate': vaults,
    'each resource group of targets': siteGroup === undefined ? undefined : [siteGroup],
  };
  const where = wanted[role.scope];
  // Without a target there may be no such role, and without a list of places one is enough.
  if (where === undefined && role.scope === 'each resource group of targets') return [];
  if (ifNeeded.includes(role.scope)) return [];
  if (where === undefined) return held.length > 0 ? [] : [`missing: ${role.name} at ${role.scope}`];
  return where
    .filter((place) => !held.some(({ scope }) => same(scope, place)))
    .map((place) => `missing: ${role.name} at ${place}`);
}

function besides({ definition, scope, actions, dataActions }: Held): string {
  const all = [...actions, ...dataActions];
  return `besides: role ${definition} at ${scope} (${all.slice(0, 3).join(', ')}${all.length > 3 ? ', …' : ''})`;
}

function isSame(role: DeployedRole, held: Held): boolean {
  return set(role.actions) === set(held.actions) && set(role.dataActions) === set(held.dataActions);
}

function set(actions: readonly string[]): string {
  return [...new Set(actions.map((one) => one.toLowerCase()))].sort().join(' ');
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

type BuiltIn = keyof typeof builtIn;
const hostRoles: readonly BuiltIn[] = [
  'storageBlobDataOwner',
  'storageQueueDataContributor',
  'storageTableDataContributor',
  'monitoringMetricsPublisher',
];
const hostMayHave: readonly BuiltIn[] = ['durableTaskDataContributor'];

/** The host holds built-in roles: those of the deployment, and no others. */
export function judgeHost(held: readonly Held[]): Finding {
  const has = (role: BuiltIn): boolean => held.some(({ definition }) => same(definition, builtIn[role].id));
  const known = [...hostRoles, ...hostMayHave].map((role) => builtIn[role].id);
  const problems = [
    ...hostRoles.filter((role) => !has(role)).map((role) => `missing: ${builtIn[role].name}`),
    ...held.filter(({ definition }) => !known.some((id) => same(id, definition))).map(besides),
  ];
  return problems.length === 0
    ? { saw: 'as deployed', detail: `${held.length} assignments` }
    : { saw: problems.join('; ') };
}

/** `held` of each place: whether anybody has the built-in role there. */
export function judgeBuiltIn(role: BuiltIn, heldAt: ReadonlyMap<string, readonly Held[]>): Finding {
  const bare = [...heldAt].filter(([, held]) => !held.some(({ definition }) => same(definition, builtIn[role].id)));
  if (bare.length === 0) return { saw: 'as deployed' };
  return { saw: bare.map(([place]) => `missing: ${builtIn[role].name} at ${place}`).join('; ') };
}
