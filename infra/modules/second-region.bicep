// A second region to go on from: the vault and the records account stand ready with the same roles, and hold nothing until
// somebody restores into them. docs/deploy.md says how.
import { identityRef } from '../parts.bicep'
import { existingRoleIds, recordsOptions, secondRegionOptions } from '../types.bicep'

@description('Tags of every resource.')
param tags object

@description('Region, and what is made there.')
param options secondRegionOptions

@description('Name of the records account, if one is made.')
param recordsName string

@description('How records are kept.')
param records recordsOptions

@description('true: no public network.')
param isPrivate bool

@description('true: vault and account cannot be deleted while their locks are there.')
param lock bool

@description('The identity that renews.')
param renewer identityRef

@description('Role definitions.')
param roleIds existingRoleIds

@description('Object ids of the people or pipelines that may upload the estate file.')
param operatorPrincipalIds string[]

@description('Workspace for audit and storage logs.')
param workspaceId string

var vaultName = options.?vaultName ?? ''

module vault 'key-vault.bicep' = if (!empty(vaultName)) {
  name: 'second-vault'
  params: {
    name: vaultName
    location: options.location
    tags: tags
    isPrivate: isPrivate
    allowedAddresses: []
    lock: lock
  }
}

module renew 'vault-role.bicep' = if (!empty(vaultName)) {
  name: 'second-vault-role'
  params: { vaultName: vaultName, renewer: renewer, roleId: roleIds.certificateRenewer, workspaceId: workspaceId }
  dependsOn: [vault]
}

module storage 'records-storage.bicep' = if (options.?storage ?? false) {
  name: 'second-records'
  params: {
    name: recordsName
    location: options.location
    tags: tags
    isPrivate: isPrivate
    options: records
    renewer: renewer
    roleIds: roleIds
    operatorPrincipalIds: operatorPrincipalIds
    workspaceId: workspaceId
    lock: lock
  }
}
