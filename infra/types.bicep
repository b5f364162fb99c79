// What a deployment is asked for. Every type says what a value means and what it may be.

@export()
@description('A vault whose certificates are renewed. It may live in another subscription and group of the same tenant.')
type estateVault = {
  @description('Name of the Key Vault: 3 to 24 letters, digits and hyphens.')
  @minLength(3)
  @maxLength(24)
  name: string

  @description('Id of the subscription it is in. Absent: the one that is deployed to.')
  @minLength(36)
  @maxLength(36)
  subscriptionId: string?

  @description('Resource group it is in. Absent: the group of the app.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string?

  @description('Region of the vault, which its system topic has to share. Absent: the region of the app.')
  location: string?

  @description('true makes the vault. Absent or false: it exists.')
  create: bool?

  @description('Addresses that may reach a vault that is made, CIDR: those of people, for the app comes by the network. Absent: every address without a network, none with one.')
  allowedAddresses: string[]?

  @description('Name of the Event Grid system topic that the vault has already, in the group of the vault: a vault can have only one. It needs a system-assigned identity. Absent: a topic is made.')
  existingTopic: string?
}

@export()
@description('A vault that holds the key of an internal CA. The app signs with that key and never sees it.')
type caVault = {
  @description('Name of the Key Vault.')
  @minLength(3)
  @maxLength(24)
  name: string

  @description('Id of the subscription it is in. Absent: the one that is deployed to.')
  @minLength(36)
  @maxLength(36)
  subscriptionId: string?

  @description('Resource group it is in. Absent: the group of the app.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string?

  @description('Blob container that the CRLs of this CA are published to, which is there already. Absent: it has none.')
  crls: crlContainer?
}

@export()
@description('A blob container that CRLs are published to.')
type crlContainer = {
  @description('Name of the storage account.')
  @minLength(3)
  @maxLength(24)
  storageAccount: string

  @description('Name of the container.')
  @minLength(3)
  @maxLength(63)
  container: string

  @description('Id of the subscription it is in. Absent: the one that is deployed to.')
  @minLength(36)
  @maxLength(36)
  subscriptionId: string?

  @description('Resource group it is in. Absent: the group of the app.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string?
}

@export()
@description('A vault that holds the keys and secrets with which issuers are asked, and nothing else: the app may read every secret of it.')
type credentialVault = {
  @description('Name of the Key Vault.')
  @minLength(3)
  @maxLength(24)
  name: string

  @description('Id of the subscription it is in. Absent: the one that is deployed to.')
  @minLength(36)
  @maxLength(36)
  subscriptionId: string?

  @description('Resource group it is in. Absent: the group of the app.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string?
}

@export()
@description('An Azure DNS zone in which the app proves names to an ACME CA.')
type dnsZone = {
  @description('Name of the zone, such as contoso.example.')
  @minLength(1)
  @maxLength(63)
  name: string

  @description('Id of the subscription it is in. Absent: the one that is deployed to.')
  @minLength(36)
  @maxLength(36)
  subscriptionId: string?

  @description('Resource group it is in. Absent: the group of the app.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string?
}

@export()
@description('A resource group with targets, or with the certificate resources, plans, subnets, addresses or identities that they name.')
type targetGroup = {
  @description('What is in it: each kind has a role of its own. Absent: App Service.')
  kinds: ('appService' | 'applicationGateway' | 'virtualMachine' | 'scaleSet' | 'scaleSetModel' | 'kubernetes' | 'kubernetesByCommand')[]?

  @description('Id of the subscription. Absent: the one that is deployed to.')
  @minLength(36)
  @maxLength(36)
  subscriptionId: string?

  @description('Name of the resource group.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string
}

@export()
@description('How the function app runs.')
type appOptions = {
  @description('Node.js version of the Functions host. Absent: 22.')
  nodeVersion: ('22' | '24')?

  @description('Memory of an instance in MB. Absent: 2048.')
  instanceMemoryMB: (512 | 2048 | 4096)?

  @description('Ceiling of instances. Absent: 40.')
  @minValue(1)
  @maxValue(1000)
  maximumInstances: int?

  @description('Instances kept warm for orchestrations and activities. Absent: 0, which scales to zero.')
  @minValue(0)
  @maxValue(20)
  alwaysReadyDurable: int?

  @description('When the sweep runs: NCRONTAB with six fields, UTC. Absent: every hour.')
  @minLength(11)
  sweepSchedule: string?

  @description('When the watchdog looks: NCRONTAB with six fields, UTC. Absent: every minute.')
  @minLength(11)
  watchdogSchedule: string?

  @description('When a heartbeat is started: NCRONTAB with six fields, UTC. Absent: every 15 minutes.')
  @minLength(11)
  heartbeatSchedule: string?

  @description('When the event paths are checked against the audit logs: NCRONTAB with six fields, UTC. Absent: every 6 hours.')
  @minLength(11)
  eventPathSchedule: string?

  @description('When internal CAs look whether a new CRL has to be published (NCRONTAB, UTC).')
  crlSchedule: string?

  @description('The query API of Log Analytics, without a path. Absent: that of the public cloud.')
  logEndpoint: string?

  @description('The name under which the lease on the estate is held. Absent: the name of the Function App and its slot.')
  appName: string?

  @description('How many renewals of one vault may start within ten seconds. Absent: the default of the app.')
  @minValue(1)
  startsPerVault: int?

  @description('After how many hours it is looked again where certificates are used; 0: never. Absent: the default of the app.')
  @minValue(0)
  @maxValue(168)
  usesHours: int?

  @description('Base of the addresses in answers, when a gateway stands before the app. Absent: the address of the call.')
  publicUrl: string?
}

@export()
@description('Where Durable Functions keeps its histories. It cannot be changed later without losing what runs.')
type durableBackend = 'azureStorage' | 'durableTaskScheduler'

@export()
@description('How events arrive: function needs a public app; queue works with a private one too.')
type eventDelivery = 'function' | 'queue'

@export()
@description('The Durable Task Scheduler, when it is the Durable backend.')
type schedulerOptions = {
  @description('Consumption bills actions; Dedicated bills capacity units. Absent: Consumption.')
  sku: ('Consumption' | 'Dedicated')?

  @description('Capacity units of a Dedicated scheduler. Absent: 1.')
  @minValue(1)
  @maxValue(3)
  capacity: int?

  @description('Addresses that may reach the scheduler, CIDR. Absent: all; only identities with a role get in.')
  ipAllowlist: string[]?

  @description('Days that ended orchestrations are kept. Absent: 30.')
  @minValue(1)
  @maxValue(90)
  retentionDays: int?
}

@export()
@description('A network of the app: its storage, its site and the vaults are then reached by private endpoints alone.')
type networkProfile = {
  @description('Address space of the new virtual network, CIDR of /24 or larger. The first /26 is the app, the second the endpoints.')
  @minLength(9)
  addressPrefix: string

  @description('Resource id of an existing network that the private DNS zones are linked to as well, such as a hub.')
  hubNetworkId: string?
}

@export()
@description('Where the estate rows and the journal live.')
type recordsOptions = {
  @description('How often the account is copied. Absent: Standard_ZRS. RAGZRS keeps a copy in the paired region that can be read.')
  redundancy: ('Standard_LRS' | 'Standard_ZRS' | 'Standard_GRS' | 'Standard_GZRS' | 'Standard_RAGRS' | 'Standard_RAGZRS')?

  @description('Days that a journal blob can neither be changed nor deleted, only appended to. Absent: 365.')
  @minValue(1)
  @maxValue(146000)
  immutabilityDays: int?

  @description('Days that deleted blobs can be brought back. Absent: 30.')
  @minValue(7)
  @maxValue(365)
  softDeleteDays: int?
}

@export()
@description('A second region to go on from: a vault and a records account, with the same roles, empty until they are needed.')
type secondRegionOptions = {
  @description('Region, other than the first one, in the same geography: a vault backup can be restored only there.')
  @minLength(1)
  location: string

  @description('Name of the vault that is made there. Absent: none.')
  @minLength(3)
  @maxLength(24)
  vaultName: string?

  @description('Whether a records account is made there. Absent: false.')
  storage: bool?
}

@export()
@description('Who is told when an alert fires.')
type notifyOptions = {
  @description('Mail addresses.')
  emails: string[]?

  @description('Resource ids of existing action groups, up to five.')
  @maxLength(5)
  actionGroupIds: string[]?
}

@export()
@description('Where the alerts draw the line.')
type alertOptions = {
  @description('false makes every rule, switched off. Absent: true.')
  enabled: bool?

  @description('Hours without a finished sweep. Absent: 3.')
  sweepHours: (1 | 2 | 3 | 4 | 5 | 6 | 24 | 48)?

  @description('Hours without progress after which a renewal counts as stuck. Absent: 24; the longest look back of an alert is two days.')
  @minValue(1)
  @maxValue(47)
  stuckHours: int?

  @description('Refused vault calls within an hour. Absent: 5.')
  @minValue(1)
  @maxValue(10000)
  vaultRefusals: int?

  @description('Object ids of principals that are expected to read secrets of the vaults. Everybody else raises an alert. App Service is always expected.')
  expectedReaders: string[]?
}

@export()
@description('Sign-in with Microsoft Entra ID in front of the HTTP API, besides the function key.')
type authenticationOptions = {
  @description('Client id of the app registration that callers ask a token for.')
  @minLength(36)
  @maxLength(36)
  clientId: string

  @description('Client ids of the applications that may call. Absent: every one of the tenant that gets a token for the registration.')
  allowedApplications: string[]?

  @description('Audiences besides api://<clientId>.')
  allowedAudiences: string[]?
}

@export()
@description('Role definitions made beforehand, for deployers who may not define roles: each the whole resource id of a definition with the content of the file of that name in infra/roles.')
type existingRoleIds = {
  @description('certificate-renewer.json')
  certificateRenewer: string
  @description('ca-signer.json')
  caSigner: string
  @description('app-service-deployer.json')
  appServiceDeployer: string
  @description('estate-keeper.json')
  estateKeeper: string
  @description('journal-writer.json')
  journalWriter: string
  @description('config-reader.json')
  configReader: string
  @description('log-reader.json')
  logReader: string
  @description('crl-publisher.json')
  crlPublisher: string
  @description('issuer-credentials.json')
  issuerCredentials: string
  @description('dns-prover.json')
  dnsProver: string
  @description('gateway-deployer.json')
  gatewayDeployer: string
  @description('machine-deployer.json')
  machineDeployer: string
  @description('scale-set-deployer.json')
  scaleSetDeployer: string
  @description('scale-set-model-deployer.json')
  scaleSetModelDeployer: string
  @description('cluster-deployer.json')
  clusterDeployer: string
  @description('cluster-command.json')
  clusterCommand: string
  @description('usage-reader.json')
  usageReader: string
}
