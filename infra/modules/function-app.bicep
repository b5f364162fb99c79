// The function app on Flex Consumption. Nothing here is a secret: every connection is an endpoint and an identity.
import { identityRefs } from '../parts.bicep'
import { appOptions, durableBackend } from '../types.bicep'

@description('Name of the app, which is a part of its address.')
@minLength(2)
@maxLength(60)
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('How it runs.')
param options appOptions

@description('The identities of the app.')
param identities identityRefs

@description('Where Durable Functions keeps its histories.')
param backend durableBackend

@description('Endpoint of the Durable Task Scheduler; empty with the other backend.')
param schedulerEndpoint string

@description('Name of the task hub.')
param hubName string

@description('Endpoints of the storage of the host, each with a slash at its end.')
param hostStorage { blobEndpoint: string, queueEndpoint: string, tableEndpoint: string }

@description('Container of the package.')
param packageContainer string

@description('Endpoints of the storage of the records.')
param records { blobEndpoint: string, tableEndpoint: string, configContainer: string }

@description('Queue that events are read from; empty when Event Grid calls the app.')
param eventQueue string

@description('Connection string of Application Insights.')
param insightsConnectionString string

@description('Id by which the workspace of the audit logs is queried.')
param logWorkspace string

@description('Subnet of the app; empty without a network.')
param subnetId string

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: '${name}-plan'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identities.host.id}': {}
      '${identities.renewer.id}': {}
      '${identities.deployer.id}': {}
      '${identities.reader.id}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: empty(subnetId) ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    keyVaultReferenceIdentity: identities.host.id
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostStorage.blobEndpoint}${packageContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identities.host.id }
        }
      }
      runtime: { name: 'node', version: options.?nodeVersion ?? '22' }
      scaleAndConcurrency: {
        instanceMemoryMB: options.?instanceMemoryMB ?? 2048
        maximumInstanceCount: options.?maximumInstances ?? 40
        alwaysReady: (options.?alwaysReadyDurable ?? 0) == 0 ? [] : [{ name: 'durable', instanceCount: options.?alwaysReadyDurable ?? 0 }]
      }
    }
  }
}

var hostSettings = {
  AzureWebJobsStorage__blobServiceUri: hostStorage.blobEndpoint
  AzureWebJobsStorage__queueServiceUri: hostStorage.queueEndpoint
  AzureWebJobsStorage__tableServiceUri: hostStorage.tableEndpoint
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identities.host.clientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identities.host.clientId};Authorization=AAD'
}

// The package for this backend names these two in its host.json: npm run package -- --durable-backend durableTaskScheduler.
var schedulerSettings = backend == 'durableTaskScheduler' ? {
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identities.host.clientId}'
  TASKHUB_NAME: hubName
} : {}

// Every setting of src/config/settings.ts that has a meaning in Azure, and no other. A blank one counts as absent.
var ownSettings = {
  PERENNIAL_ESTATE: '${records.blobEndpoint}${records.configContainer}/estate.yaml'
  PERENNIAL_TABLE_ENDPOINT: records.tableEndpoint
  PERENNIAL_BLOB_ENDPOINT: records.blobEndpoint
  PERENNIAL_RENEWER_CLIENT_ID: identities.renewer.clientId
  PERENNIAL_DEPLOYER_CLIENT_ID: identities.deployer.clientId
  PERENNIAL_ARM_ENDPOINT: environment().resourceManager
  PERENNIAL_SWEEP_SCHEDULE: options.?sweepSchedule ?? ''
  PERENNIAL_WATCHDOG_SCHEDULE: options.?watchdogSchedule ?? ''
  PERENNIAL_HEARTBEAT_SCHEDULE: options.?heartbeatSchedule ?? ''
  PERENNIAL_APP_NAME: options.?appName ?? ''
  PERENNIAL_LOG_WORKSPACE: logWorkspace
  PERENNIAL_READER_CLIENT_ID: identities.reader.clientId
  PERENNIAL_LOG_ENDPOINT: options.?logEndpoint ?? ''
  PERENNIAL_EVENT_PATH_SCHEDULE: options.?eventPathSchedule ?? ''
  PERENNIAL_CRL_SCHEDULE: options.?crlSchedule ?? ''
  PERENNIAL_USES_HOURS: string(options.?usesHours ?? '')
  PERENNIAL_STARTS_PER_VAULT: string(options.?startsPerVault ?? '')
  PERENNIAL_VERIFY_VAULT_CHALLENGE: 'true'
  PERENNIAL_PUBLIC_URL: options.?publicUrl ?? ''
  PERENNIAL_EVENT_QUEUE: eventQueue
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  properties: union(hostSettings, schedulerSettings, ownSettings)
}

// Publishing with a user name and a password is off: pipelines publish with their identity.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = [for door in ['scm', 'ftp']: {
  parent: site
  name: door
  properties: { allow: false }
}]

@description('Resource id of the app.')
output id string = site.id

@description('Name of the app.')
output name string = site.name

@description('Host name of the app.')
output hostName string = site.properties.defaultHostName
