// Everything of the first deployment, in the group of the app. Both entries call it; docs/deploy.md shows the order of things.
import { eventWiring } from '../parts.bicep'
import {
  alertOptions
  appOptions
  authenticationOptions
  caVault
  credentialVault
  dnsZone
  durableBackend
  estateVault
  eventDelivery
  existingRoleIds
  networkProfile
  notifyOptions
  recordsOptions
  schedulerOptions
  secondRegionOptions
  targetGroup
} from '../types.bicep'

@description('First part of every name: 2 to 12 lower-case letters, digits and hyphens, a letter first.')
@minLength(2)
@maxLength(12)
param name string

@description('Region of the app.')
param location string

@description('Tags of every resource.')
param tags object

@description('Vaults of the estate.')
param vaults estateVault[]

@description('Vaults of internal CAs.')
param caVaults caVault[]

@description('Vaults of issuer credentials.')
param credentialVaults credentialVault[]

@description('DNS zones in which names are proved.')
param dnsZones dnsZone[]

@description('Groups with App Service targets.')
param targetGroups targetGroup[]

@description('Subscriptions in which it is looked where certificates are used.')
param usageSubscriptions string[]

@description('How the app runs.')
param app appOptions

@description('Where Durable Functions keeps its histories.')
param backend durableBackend

@description('The Durable Task Scheduler, when it is the backend.')
param scheduler schedulerOptions

@description('How events arrive. With a network it is always the queue.')
param delivery eventDelivery

@description('Network of the app; null: public endpoints that take identities only.')
param network networkProfile?

@description('Where estate rows and journal live.')
param records recordsOptions

@description('A second region to go on from; null: none.')
param secondRegion secondRegionOptions?

@description('Who is told when an alert fires.')
param notify notifyOptions

@description('Where the alerts draw the line.')
param alerts alertOptions

@description('Sign-in in front of the HTTP API; null: the function key alone.')
param authentication authenticationOptions?

@description('Role definitions made beforehand; null: they are made here.')
param existingRoles existingRoleIds?

@description('Object id of the App Service resource provider in this tenant; empty when no target is App Service.')
param appServicePrincipalId string

@description('Object ids of the people or pipelines that may upload the estate file.')
param operatorPrincipalIds string[]

@description('Days that logs are kept.')
param logRetentionDays int

@description('true: records and new vaults get a lock against deletion.')
param lock bool

var token = uniqueString(resourceGroup().id, name)
var prefix = toLower('${name}-${take(token, 6)}')
// An account has letters and digits only, 24 at most.
var accountStem = toLower(take('${replace(name, '-', '')}${token}', 20))
var hubName = 'perennial'
var packageContainer = 'app-package'
var eventQueue = 'certificate-events'
var isPrivate = network != null
// Event Grid calls no private app: it delivers into the queue, as a trusted service.
var howDelivered = isPrivate ? 'queue' : delivery
var home = { subscriptionId: subscription().subscriptionId, resourceGroup: resourceGroup().name }

// Every vault with its place spelt out.
var placed = map(vaults, vault => {
  name: vault.name
  subscriptionId: vault.?subscriptionId ?? home.subscriptionId
  resourceGroup: vault.?resourceGroup ?? home.resourceGroup
  location: vault.?location ?? location
  create: vault.?create ?? false
  allowedAddresses: vault.?allowedAddresses ?? []
  topicExists: !empty(vault.?existingTopic ?? '')
  topic: empty(vault.?existingTopic ?? '') ? '${vault.name}-perennial' : (vault.?existingTopic ?? '')
})
var placedCas = map(caVaults, vault => {
  name: vault.name
  subscriptionId: vault.?subscriptionId ?? home.subscriptionId
  resourceGroup: vault.?resourceGroup ?? home.resourceGroup
})
var placedCrls = map(filter(caVaults, vault => vault.?crls != null), vault => {
  storageAccount: vault.crls!.storageAccount
  container: vault.crls!.container
  subscriptionId: vault.crls!.?subscriptionId ?? home.subscriptionId
  resourceGroup: vault.crls!.?resourceGroup ?? home.resourceGroup
})
var placedCredentials = map(credentialVaults, vault => {
  name: vault.name
  subscriptionId: vault.?subscriptionId ?? home.subscriptionId
  resourceGroup: vault.?resourceGroup ?? home.resourceGroup
})
var placedZones = map(dnsZones, zone => {
  name: zone.name
  subscriptionId: zone.?subscriptionId ?? home.subscriptionId
  resourceGroup: zone.?resourceGroup ?? home.resourceGroup
})
var placedGroups = map(targetGroups, group => {
  kinds: group.?kinds ?? ['appService']
  subscriptionId: group.?subscriptionId ?? home.subscriptionId
  resourceGroup: group.resourceGroup
})
var groupIds = map(
  concat(
    [home],
    map(placed, one => { subscriptionId: one.subscriptionId, resourceGroup: one.resourceGroup }),
    map(placedCas, one => { subscriptionId: one.subscriptionId, resourceGroup: one.resourceGroup }),
    map(placedCredentials, one => { subscriptionId: one.subscriptionId, resourceGroup: one.resourceGroup }),
    map(placedZones, one => { subscriptionId: one.subscriptionId, resourceGroup: one.resourceGroup }),
    map(placedCrls, one => { subscriptionId: one.subscriptionId, resourceGroup: one.resourceGroup }),
    placedGroups
  ),
  one => '/subscriptions/${one.subscriptionId}/resourceGroups/${one.resourceGroup}'
)

module identities 'identities.bicep' = {
  name: 'identities'
  params: { prefix: prefix, location: location, tags: tags }
}

module roles 'roles.bicep' = if (existingRoles == null) {
  name: 'roles'
  params: { label: prefix, assignableScopes: union(groupIds, map(usageSubscriptions, id => '/subscriptions/${id}')) }
}

// A conditional, not ??: only one of the two branches is looked at.
var roleIds = existingRoles != null ? existingRoles! : roles!.outputs.ids

module logs 'logs.bicep' = {
  name: 'logs'
  params: {
    prefix: prefix
    location: location
    tags: tags
    retentionDays: logRetentionDays
    identities: identities.outputs.identities
    logReaderRoleId: roleIds.logReader
  }
}

module hostStorage 'host-storage.bicep' = {
  name: 'host-storage'
  params: {
    name: '${accountStem}host'
    location: location
    tags: tags
    isPrivate: isPrivate
    host: identities.outputs.identities.host
    packageContainer: packageContainer
    eventQueue: eventQueue
    workspaceId: logs.outputs.workspaceId
  }
}

module recordsStorage 'records-storage.bicep' = {
  name: 'records-storage'
  params: {
    name: '${accountStem}recs'
    location: location
    tags: tags
    isPrivate: isPrivate
    options: records
    renewer: identities.outputs.identities.renewer
    roleIds: roleIds
    operatorPrincipalIds: operatorPrincipalIds
    workspaceId: logs.outputs.workspaceId
    lock: lock
  }
}

module taskScheduler 'scheduler.bicep' = if (backend == 'durableTaskScheduler') {
  name: 'scheduler'
  params: {
    prefix: prefix
    location: location
    tags: tags
    options: scheduler
    host: identities.outputs.identities.host
    hubName: hubName
  }
}

module privateNetwork 'network.bicep' = if (isPrivate) {
  name: 'network'
  params: { prefix: prefix, location: location, tags: tags, profile: network! }
}

module functionApp 'function-app.bicep' = {
  name: 'function-app'
  params: {
    name: '${prefix}-app'
    location: location
    tags: tags
    options: app
    identities: identities.outputs.identities
    backend: backend
    schedulerEndpoint: backend == 'durableTaskScheduler' ? taskScheduler!.outputs.endpoint : ''
    hubName: hubName
    hostStorage: {
      blobEndpoint: hostStorage.outputs.blobEndpoint
      queueEndpoint: hostStorage.outputs.queueEndpoint
      tableEndpoint: hostStorage.outputs.tableEndpoint
    }
    packageContainer: packageContainer
    records: {
      blobEndpoint: recordsStorage.outputs.blobEndpoint
      tableEndpoint: recordsStorage.outputs.tableEndpoint
      configContainer: recordsStorage.outputs.configContainer
    }
    eventQueue: howDelivered == 'queue' ? eventQueue : ''
    insightsConnectionString: logs.outputs.connectionString
    logWorkspace: logs.outputs.customerId
    subnetId: isPrivate ? privateNetwork!.outputs.appSubnetId : ''
  }
}

module signIn 'authentication.bicep' = if (authentication != null) {
  name: 'authentication'
  params: { siteName: functionApp.outputs.name, options: authentication! }
}

module notified 'action-group.bicep' = if (!empty(notify.?emails ?? [])) {
  name: 'action-group'
  params: { name: '${prefix}-people', tags: tags, emails: notify.?emails ?? [] }
}

var actionGroupIds = concat(empty(notify.?emails ?? []) ? [] : [notified!.outputs.id], notify.?actionGroupIds ?? [])

module estate 'estate.bicep' = {
  name: 'estate'
  params: {
    tags: tags
    vaults: placed
    caVaults: placedCas
    credentialVaults: placedCredentials
    dnsZones: placedZones
    crlContainers: placedCrls
    targetGroups: placedGroups
    usageSubscriptions: usageSubscriptions
    identities: identities.outputs.identities
    roleIds: roleIds
    appServicePrincipalId: appServicePrincipalId
    workspaceId: logs.outputs.workspaceId
    actionGroupIds: actionGroupIds
    alertsEnabled: alerts.?enabled ?? true
    isPrivate: isPrivate
    lock: lock
    delivery: howDelivered
    queueAccount: hostStorage.outputs.name
    queueName: eventQueue
    deadLetterAccount: recordsStorage.outputs.name
    deadLetterContainer: recordsStorage.outputs.deadLetterContainer
  }
}

module standBy 'second-region.bicep' = if (secondRegion != null) {
  name: 'second-region'
  params: {
    tags: tags
    options: secondRegion!
    recordsName: '${accountStem}two'
    records: records
    isPrivate: isPrivate
    lock: lock
    renewer: identities.outputs.identities.renewer
    roleIds: roleIds
    operatorPrincipalIds: operatorPrincipalIds
    workspaceId: logs.outputs.workspaceId
  }
}

module endpoints 'private-endpoints.bicep' = if (isPrivate) {
  name: 'private-endpoints'
  params: {
    prefix: prefix
    location: location
    tags: tags
    subnetId: privateNetwork!.outputs.endpointSubnetId
    zoneIds: privateNetwork!.outputs.zoneIds
    siteId: functionApp.outputs.id
    hostAccountId: hostStorage.outputs.id
    recordsAccountId: recordsStorage.outputs.id
    vaultIds: union(
      map(placed, one => resourceId(one.subscriptionId, one.resourceGroup, 'Microsoft.KeyVault/vaults', one.name)),
      map(placedCas, one => resourceId(one.subscriptionId, one.resourceGroup, 'Microsoft.KeyVault/vaults', one.name)),
      map(placedCredentials, one => resourceId(one.subscriptionId, one.resourceGroup, 'Microsoft.KeyVault/vaults', one.name))
    )
  }
  dependsOn: [estate]
}

module rules 'alerts.bicep' = {
  name: 'alerts'
  params: {
    prefix: prefix
    location: location
    tags: tags
    workspaceId: logs.outputs.workspaceId
    actionGroupIds: actionGroupIds
    options: alerts
    expectedReaders: union(alerts.?expectedReaders ?? [], empty(appServicePrincipalId) ? [] : [appServicePrincipalId])
  }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  params: { location: location, tags: tags, workspaceId: logs.outputs.workspaceId, title: 'Perennial (${prefix})' }
}

@description('Name of the function app.')
output appName string = functionApp.outputs.name

@description('Host name of the function app.')
output appHostName string = functionApp.outputs.hostName

@description('Name of the account that the estate file is uploaded to.')
output recordsAccount string = recordsStorage.outputs.name

@description('Resource id of the workbook.')
output workbookId string = workbook.outputs.id

@description('What the second deployment connects.')
output wiring eventWiring = {
  functionAppId: functionApp.outputs.id
  delivery: howDelivered
  queueAccountId: hostStorage.outputs.id
  queueName: eventQueue
  deadLetterAccountId: recordsStorage.outputs.id
  deadLetterContainer: recordsStorage.outputs.deadLetterContainer
  actionGroupIds: actionGroupIds
  vaults: map(placed, one => {
    name: one.name
    subscriptionId: one.subscriptionId
    resourceGroup: one.resourceGroup
    topic: one.topic
  })
}
