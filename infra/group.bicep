// First deployment, for those who were given a resource group. What is in it: modules/perennial.bicep. Second: events.bicep.

import { eventWiring } from 'parts.bicep'
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
} from 'types.bicep'

@description('First part of every name: 2 to 12 lower-case letters, digits and hyphens, a letter first.')
@minLength(2)
@maxLength(12)
param name string = 'perennial'

@description('Region of the app, with Flex Consumption. Absent: that of the group.')
@minLength(1)
param location string = resourceGroup().location

@description('Tags of every resource.')
param tags object = {}

@description('Vaults whose certificates are renewed: at least one. Each says where it is; they may be in other subscriptions.')
@minLength(1)
@maxLength(100)
param vaults estateVault[]

@description('Vaults that hold the keys of internal CAs.')
@maxLength(20)
param caVaults caVault[] = []

@description('Vaults that hold nothing but the keys and secrets with which issuers are asked.')
@maxLength(20)
param credentialVaults credentialVault[] = []

@description('Azure DNS zones in which names are proved to an ACME CA.')
@maxLength(100)
param dnsZones dnsZone[] = []

@description('Resource groups with targets, and of which kinds. Name those of App Service plans, and of gateways\' subnets, addresses and identities as well, where they are others.')
@maxLength(100)
param targetGroups targetGroup[] = []

@description('Ids of the subscriptions in which it is looked where certificates are used. Absent: nowhere, and the app says which role it lacks.')
@maxLength(100)
param usageSubscriptions string[] = []

@description('How the app runs: Node.js, memory, scale, schedule of the sweep.')
param app appOptions = {}

@description('Where Durable Functions keeps its histories. Choose once: what runs cannot move.')
param backend durableBackend = 'azureStorage'

@description('The Durable Task Scheduler, when it is the backend.')
param scheduler schedulerOptions = {}

@description('How events arrive: function, or queue. With a network it is always the queue.')
param delivery eventDelivery = 'function'

@description('Private profile: a network with private endpoints. Absent: public endpoints that take identities only.')
param network networkProfile?

@description('Where estate rows and journal live.')
param records recordsOptions = {}

@description('A second region to go on from. Absent: none.')
param secondRegion secondRegionOptions?

@description('Who is told when an alert fires. Empty: nobody, and the alerts are in the portal only.')
param notify notifyOptions = {}

@description('Where the alerts draw the line.')
param alerts alertOptions = {}

@description('Sign-in with Microsoft Entra ID in front of the HTTP API. Absent: the function key alone.')
param authentication authenticationOptions?

@description('Role definitions made beforehand, for deployers who may not define roles. Absent: they are made.')
param existingRoles existingRoleIds?

@description('Object id of the App Service resource provider in this tenant: az ad sp show --id abfa0a7c-a6b6-4736-8310-5855508787cd --query id. Empty when no target is App Service.')
@maxLength(36)
param appServicePrincipalId string = ''

@description('Object ids of the people or pipelines that may upload the estate file.')
param operatorPrincipalIds string[] = []

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('true: the records and new vaults get a lock against deletion.')
param lock bool = false

module perennial 'modules/perennial.bicep' = {
  // Not the name of the deployment itself: in one group the two would be one.
  name: 'perennial-all'
  params: {
    name: name
    location: location
    tags: tags
    vaults: vaults
    caVaults: caVaults
    credentialVaults: credentialVaults
    dnsZones: dnsZones
    targetGroups: targetGroups
    usageSubscriptions: usageSubscriptions
    app: app
    backend: backend
    scheduler: scheduler
    delivery: delivery
    network: network
    records: records
    secondRegion: secondRegion
    notify: notify
    alerts: alerts
    authentication: authentication
    existingRoles: existingRoles
    appServicePrincipalId: appServicePrincipalId
    operatorPrincipalIds: operatorPrincipalIds
    logRetentionDays: logRetentionDays
    lock: lock
  }
}

@description('Id of the subscription.')
output AZURE_SUBSCRIPTION string = subscription().subscriptionId

@description('Resource group of the app.')
output AZURE_RESOURCE_GROUP string = resourceGroup().name

@description('Name of the function app.')
output APP_NAME string = perennial.outputs.appName

@description('Host name of the function app.')
output APP_HOST_NAME string = perennial.outputs.appHostName

@description('Account whose container config takes the estate file.')
output RECORDS_ACCOUNT string = perennial.outputs.recordsAccount

@description('Which package fits: npm run package -- --durable-backend with this value.')
output DURABLE_BACKEND string = backend

@description('Resource id of the workbook.')
output WORKBOOK_ID string = perennial.outputs.workbookId

@description('Parameter wiring of the second deployment, events.bicep.')
output EVENT_WIRING eventWiring = perennial.outputs.wiring
