import appServiceDeployer from '../../infra/roles/app-service-deployer.json' with { type: 'json' };
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

/** A role of the app, as the file that is deployed to Azure defines it. */
export interface Role {
  /** Of the file, without its ending. */
  readonly name: string;
  /** The identity that holds it. */
  readonly principal: string;
  /** Where it is given out, in words: see `placesOf`. */
  readonly scope: string;
  readonly actions: readonly string[];
  readonly dataActions: readonly string[];
}

/** Every role of `infra/roles`: what the app may do on the stand is what it may do in Azure. */
export const roles: readonly Role[] = [
  appServiceDeployer,
  caSigner,
  certificateRenewer,
  clusterCommand,
  clusterDeployer,
  configReader,
  crlPublisher,
  dnsProver,
  estateKeeper,
  gatewayDeployer,
  issuerCredentials,
  journalWriter,
  logReader,
  machineDeployer,
  scaleSetDeployer,
  scaleSetModelDeployer,
  usageReader,
];

/** Where the things are that roles are about: ARM ids. */
export interface Where {
  readonly vaults: readonly string[];
  readonly caVault: string;
  /** Vaults of what issuers are asked with; absent: there are none, and nobody may read any. */
  readonly credentialVaults?: readonly string[];
  /** Zones in which names are proved; absent: there are none. */
  readonly dnsZones?: readonly string[];
  readonly siteGroup: string;
  /** Groups of gateways; absent: there are none. */
  readonly gatewayGroups?: readonly string[];
  /** Groups of machines; absent: there are none. */
  readonly machineGroups?: readonly string[];
  /** Groups of scale sets; absent: there are none. */
  readonly scaleSetGroups?: readonly string[];
  /** Groups of scale sets that are deployed to by their model; absent: there are none. */
  readonly scaleSetModelGroups?: readonly string[];
  /** Groups of clusters; absent: there are none. */
  readonly clusterGroups?: readonly string[];
  /** Groups of clusters that the app does not reach; absent: there are none. */
  readonly commandGroups?: readonly string[];
  /** Subscriptions in which it is looked where certificates are used; absent: none. */
  readonly usageSubscriptions?: readonly string[];
  /** The storage account of estate and journal. */
  readonly storageAccount: string;
  /** The Log Analytics workspace. */
  readonly workspace: string;
}

/** The ARM ids that a role is given out at. A role whose place the stand does not know is a `TypeError`. */
export function placesOf({ name, scope }: Role, where: Where): readonly string[] {
  const {
    credentialVaults = [],
    dnsZones = [],
    gatewayGroups = [],
    machineGroups = [],
    scaleSetGroups = [],
    scaleSetModelGroups = [],
    clusterGroups = [],
    commandGroups = [],
    usageSubscriptions = [],
  } = where;
  const { vaults, caVault, siteGroup, storageAccount, workspace } = where;
  const containers = `${storageAccount}/blobServices/default/containers`;
  const places: Readonly<Record<string, readonly string[]>> = {
    'each vault of the estate': vaults,
    'each vault of a CA': [caVault],
    'each vault of issuer credentials': credentialVaults,
    'each DNS zone of ACME': dnsZones,
    'each resource group of targets': [siteGroup],
    'each resource group of gateways': gatewayGroups,
    'each resource group of machines': machineGroups,
    'each resource group of scale sets': scaleSetGroups,
    'each resource group of scale sets that are deployed to by their model': scaleSetModelGroups,
    'each resource group of clusters': clusterGroups,
    'each resource group of clusters that are asked by command': commandGroups,
    'each subscription that is looked at for uses': usageSubscriptions,
    'the tables of the records account': [`${storageAccount}/tableServices/default`],
    'the journal container': [`${containers}/journal`],
    'the config container': [`${containers}/config`],
    'the CRL container of each CA': [`${containers}/crl`],
    'the Log Analytics workspace': [workspace],
  };
  const found = Object.hasOwn(places, scope) ? places[scope] : undefined;
  if (found === undefined)
    throw new TypeError(`stand: the role ${name} is for "${scope}", which the stand does not have`);
  return found;
}
