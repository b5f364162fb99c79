// What modules hand to each other.
import { eventDelivery } from 'types.bicep'

@export()
@description('An identity as role assignments and settings name it.')
type identityRef = {
  @description('Resource id.')
  id: string
  @description('Client id, which an app setting names.')
  clientId: string
  @description('Object id, which a role is given to.')
  principalId: string
}

@export()
@description('The identities of the app, one a duty. In one app they keep roles apart and the audit readable; code that is taken over can use all of them.')
type identityRefs = {
  @description('Runs the Functions host: its storage, telemetry, the task hub.')
  host: identityRef
  @description('Vaults, estate rows, journal.')
  renewer: identityRef
  @description('Targets.')
  deployer: identityRef
  @description('Logs.')
  reader: identityRef
}

@export()
@description('A vault and its topic, as the second deployment needs them.')
type wiredVault = {
  @description('Name of the vault.')
  name: string
  @description('Subscription of the vault and its topic.')
  subscriptionId: string
  @description('Resource group of the vault and its topic.')
  resourceGroup: string
  @description('Name of the system topic.')
  topic: string
}

@export()
@description('A resource group with targets, with its place spelt out.')
type placedGroup = {
  @description('Kinds of targets in it.')
  kinds: string[]
  @description('Subscription of the group.')
  subscriptionId: string
  @description('Name of the group.')
  resourceGroup: string
}

@export()
@description('A container of CRLs, with its place spelt out.')
type placedCrls = {
  @description('Name of the storage account.')
  storageAccount: string
  @description('Name of the container.')
  container: string
  @description('Subscription of the account.')
  subscriptionId: string
  @description('Resource group of the account.')
  resourceGroup: string
}

@export()
@description('What the first deployment made and the second one connects: output EVENT_WIRING of the first, parameter wiring of the second.')
type eventWiring = {
  @description('Resource id of the function app.')
  functionAppId: string
  @description('How events arrive.')
  delivery: eventDelivery
  @description('Resource id of the storage account with the queue.')
  queueAccountId: string
  @description('Name of the queue.')
  queueName: string
  @description('Resource id of the storage account with the dead letters.')
  deadLetterAccountId: string
  @description('Name of the container for dead letters.')
  deadLetterContainer: string
  @description('Resource ids of the action groups that hear of expired certificates.')
  actionGroupIds: string[]
  @description('Every vault of the estate.')
  vaults: wiredVault[]
}

@export()
@description('A vault of the estate with its place spelt out.')
type placedVault = {
  @description('Name of the vault.')
  name: string
  @description('Subscription of the vault.')
  subscriptionId: string
  @description('Resource group of the vault.')
  resourceGroup: string
  @description('Region of the vault.')
  location: string
  @description('true: it is made.')
  create: bool
  @description('Addresses that may reach it when it is made.')
  allowedAddresses: string[]
  @description('true: it has a system topic already.')
  topicExists: bool
  @description('Name of its system topic.')
  topic: string
}

@export()
@description('A vault or a group of targets: where it is, and its name if it is a vault.')
type place = {
  @description('Name of the vault; empty for a group.')
  name: string
  @description('Subscription.')
  subscriptionId: string
  @description('Resource group.')
  resourceGroup: string
}
