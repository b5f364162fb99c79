// The storage of the Functions host: the package, leases, timers, the task hub of the Azure Storage backend, and the queue
// that Event Grid may deliver to. Opened by identities only.
import { identityRef } from '../parts.bicep'

@description('Name of the account: 3 to 24 lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('true: reached by private endpoints, and by Event Grid as a trusted service.')
param isPrivate bool

@description('The identity that runs the host.')
param host identityRef

@description('Container of the package.')
param packageContainer string

@description('Queue of the events.')
param eventQueue string

@description('Workspace that the logs of the storage go to.')
param workspaceId string

var builtIn = loadJsonContent('../roles/built-in.json')
var roles = [builtIn.storageBlobDataOwner, builtIn.storageQueueDataContributor, builtIn.storageTableDataContributor]

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Not Disabled: Event Grid comes in as a trusted service, by the bypass.
    publicNetworkAccess: 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow', bypass: 'AzureServices' }
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource packages 'containers' = {
      name: packageContainer
    }
  }

  resource queues 'queueServices' = {
    name: 'default'

    resource events 'queues' = {
      name: eventQueue
    }
  }
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in roles: {
  scope: account
  name: guid(account.id, host.id, role.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.id)
    principalId: host.principalId
    principalType: 'ServicePrincipal'
  }
}]

// Events that could not be used end in the poison queue of the host: reading the logs finds them.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::queues
  name: 'perennial'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageWrite', enabled: true }]
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Endpoint of the blobs, with a slash at its end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Endpoint of the queues.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('Endpoint of the tables.')
output tableEndpoint string = account.properties.primaryEndpoints.table
