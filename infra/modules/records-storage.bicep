// What must not be lost: estate rows, journal, estate file, dead letters. The journal can be appended to and not changed.
import { identityRef } from '../parts.bicep'
import { existingRoleIds, recordsOptions } from '../types.bicep'

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

@description('How the account is copied and how long things are kept.')
param options recordsOptions

@description('The identity that keeps the records.')
param renewer identityRef

@description('Role definitions.')
param roleIds existingRoleIds

@description('Object ids of the people or pipelines that may upload the estate file.')
param operatorPrincipalIds string[]

@description('Workspace that the logs of the storage go to.')
param workspaceId string

@description('true: the account cannot be deleted while the lock is there.')
param lock bool

var builtIn = loadJsonContent('../roles/built-in.json')

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: options.?redundancy ?? 'Standard_ZRS' }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Not Disabled: Event Grid writes dead letters as a trusted service, by the bypass.
    publicNetworkAccess: 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow', bypass: 'AzureServices' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: options.?softDeleteDays ?? 30 }
    containerDeleteRetentionPolicy: { enabled: true, days: options.?softDeleteDays ?? 30 }
  }
}

resource journal 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = {
  parent: blobs
  name: 'journal'
}

// Unlocked, so that a first deployment can be taken back. Locking it is for good, and a person does it: docs/deploy.md.
resource immutable 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2026-04-01' = {
  parent: journal
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: options.?immutabilityDays ?? 365
    allowProtectedAppendWrites: true
  }
}

resource config 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = {
  parent: blobs
  name: 'config'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = {
  parent: blobs
  name: 'dead-letters'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource keepEstate 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: tables
  name: guid(tables.id, renewer.id, roleIds.estateKeeper)
  properties: {
    roleDefinitionId: roleIds.estateKeeper
    principalId: renewer.principalId
    principalType: 'ServicePrincipal'
  }
}

resource writeJournal 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: journal
  name: guid(journal.id, renewer.id, roleIds.journalWriter)
  properties: {
    roleDefinitionId: roleIds.journalWriter
    principalId: renewer.principalId
    principalType: 'ServicePrincipal'
  }
}

resource readConfig 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: config
  name: guid(config.id, renewer.id, roleIds.configReader)
  properties: {
    roleDefinitionId: roleIds.configReader
    principalId: renewer.principalId
    principalType: 'ServicePrincipal'
  }
}

resource uploadEstate 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in operatorPrincipalIds: {
  scope: config
  name: guid(config.id, principal, builtIn.storageBlobDataContributor.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageBlobDataContributor.id)
    principalId: principal
  }
}]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'perennial'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageWrite', enabled: true }, { category: 'StorageDelete', enabled: true }]
  }
}

resource keep 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  scope: account
  name: 'perennial-records'
  properties: {
    level: 'CanNotDelete'
    notes: 'Journal and estate rows of Perennial.'
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Endpoint of the blobs, with a slash at its end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Endpoint of the tables.')
output tableEndpoint string = account.properties.primaryEndpoints.table

@description('Container that Event Grid puts undeliverable events into.')
output deadLetterContainer string = deadLetters.name

@description('Container of the estate file.')
output configContainer string = config.name
