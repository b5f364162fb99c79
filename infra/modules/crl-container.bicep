// Lets the renewer publish the CRLs of an internal CA in one container that is there already.
import { identityRef } from '../parts.bicep'

@description('Name of the storage account.')
param accountName string

@description('Name of the container.')
param containerName string

@description('The identity that renews.')
param renewer identityRef

@description('Role definition.')
param roleId string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: accountName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' existing = {
  parent: account
  name: 'default'
}

resource crls 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' existing = {
  parent: blobs
  name: containerName
}

resource publish 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: crls
  name: guid(crls.id, renewer.id, roleId)
  properties: {
    roleDefinitionId: roleId
    principalId: renewer.principalId
    principalType: 'ServicePrincipal'
  }
}
