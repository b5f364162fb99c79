// Every vault, CA and group of targets, each in its own subscription and group: what it needs to be looked after.
import { identityRefs, place, placedCrls, placedGroup, placedVault } from '../parts.bicep'
import { eventDelivery, existingRoleIds } from '../types.bicep'

@description('Tags of every resource.')
param tags object

@description('Vaults of the estate.')
param vaults placedVault[]

@description('Vaults of internal CAs.')
param caVaults place[]

@description('Vaults of issuer credentials.')
param credentialVaults place[]

@description('DNS zones in which names are proved.')
param dnsZones place[]

@description('Containers of the CRLs of internal CAs.')
param crlContainers placedCrls[]

@description('Groups with targets.')
param targetGroups placedGroup[]

@description('Subscriptions in which it is looked where certificates are used.')
param usageSubscriptions string[]

@description('The identities of the app.')
param identities identityRefs

@description('Role definitions.')
param roleIds existingRoleIds

@description('Object id of the App Service resource provider in this tenant; empty when no target is App Service.')
param appServicePrincipalId string

@description('Workspace for the audit logs.')
param workspaceId string

@description('Action groups that hear of dead letters.')
param actionGroupIds string[]

@description('false makes the alerts switched off.')
param alertsEnabled bool

@description('true: new vaults are reached by private endpoints alone.')
param isPrivate bool

@description('true: new vaults cannot be deleted while their locks are there.')
param lock bool

@description('How events arrive.')
param delivery eventDelivery

@description('Name of the storage account with the queue.')
param queueAccount string

@description('Name of the queue.')
param queueName string

@description('Name of the storage account with the dead letters.')
param deadLetterAccount string

@description('Name of the container for dead letters.')
param deadLetterContainer string

module newVaults 'key-vault.bicep' = [for vault in vaults: if (vault.create) {
  name: take('new-${vault.name}', 64)
  scope: resourceGroup(vault.subscriptionId, vault.resourceGroup)
  params: {
    name: vault.name
    location: vault.location
    tags: tags
    isPrivate: isPrivate
    allowedAddresses: vault.allowedAddresses
    lock: lock
  }
}]

module wiring 'vault-wiring.bicep' = [for vault in vaults: {
  name: take('wiring-${vault.name}', 64)
  scope: resourceGroup(vault.subscriptionId, vault.resourceGroup)
  params: {
    vaultName: vault.name
    location: vault.location
    tags: tags
    topicName: vault.topic
    topicExists: vault.topicExists
    renewer: identities.renewer
    renewerRoleId: roleIds.certificateRenewer
    appServicePrincipalId: appServicePrincipalId
    workspaceId: workspaceId
    actionGroupIds: actionGroupIds
    alertsEnabled: alertsEnabled
  }
  dependsOn: [newVaults]
}]

module delivered 'topic-delivery.bicep' = {
  name: 'topic-delivery'
  params: {
    topicIds: map(vaults, one => resourceId(one.subscriptionId, one.resourceGroup, 'Microsoft.EventGrid/systemTopics', one.topic))
    topicPrincipalIds: [for index in range(0, length(vaults)): wiring[index].outputs.topicPrincipalId]
    queueAccount: queueAccount
    queueName: queueName
    delivery: delivery
    deadLetterAccount: deadLetterAccount
    deadLetterContainer: deadLetterContainer
  }
}

module signers 'vault-role.bicep' = [for vault in caVaults: {
  name: take('ca-${vault.name}', 64)
  scope: resourceGroup(vault.subscriptionId, vault.resourceGroup)
  params: {
    vaultName: vault.name
    renewer: identities.renewer
    roleId: roleIds.caSigner
    // A vault of the estate sends its audit log already.
    workspaceId: contains(map(vaults, one => toLower(one.name)), toLower(vault.name)) ? '' : workspaceId
  }
  dependsOn: [newVaults]
}]

module publishers 'crl-container.bicep' = [for (one, index) in crlContainers: {
  name: 'crls-${index}'
  scope: resourceGroup(one.subscriptionId, one.resourceGroup)
  params: {
    accountName: one.storageAccount
    containerName: one.container
    renewer: identities.renewer
    roleId: roleIds.crlPublisher
  }
}]

module credentials 'vault-role.bicep' = [for vault in credentialVaults: {
  name: take('credentials-${vault.name}', 64)
  scope: resourceGroup(vault.subscriptionId, vault.resourceGroup)
  params: {
    vaultName: vault.name
    renewer: identities.renewer
    roleId: roleIds.issuerCredentials
    // The app reads the secrets of these: in the workspace each read would raise the alert secret-read.
    workspaceId: ''
  }
  dependsOn: [newVaults]
}]

module provers 'dns-zone.bicep' = [for (zone, index) in dnsZones: {
  name: 'dns-${index}'
  scope: resourceGroup(zone.subscriptionId, zone.resourceGroup)
  params: { zoneName: zone.name, deployer: identities.deployer, roleId: roleIds.dnsProver }
}]

var deployerRoleIds = {
  appService: roleIds.appServiceDeployer
  applicationGateway: roleIds.gatewayDeployer
  virtualMachine: roleIds.machineDeployer
  scaleSet: roleIds.scaleSetDeployer
  scaleSetModel: roleIds.scaleSetModelDeployer
  kubernetes: roleIds.clusterDeployer
  kubernetesByCommand: roleIds.clusterCommand
}

module deployers 'target-group.bicep' = [for (group, index) in targetGroups: {
  name: 'targets-${index}'
  scope: resourceGroup(group.subscriptionId, group.resourceGroup)
  params: { deployer: identities.deployer, deployerRoleIds: map(group.kinds, kind => deployerRoleIds[kind]) }
}]

module usage 'usage-subscription.bicep' = [for (id, index) in usageSubscriptions: {
  name: 'usage-${index}'
  scope: subscription(id)
  params: { reader: identities.reader, roleId: roleIds.usageReader }
}]
