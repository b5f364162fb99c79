// One role of the renewer on one vault, and its audit log: the vault of a CA, or the one that stands by in the second region.
import { identityRef } from '../parts.bicep'

@description('Name of the vault.')
param vaultName string

@description('The identity that renews.')
param renewer identityRef

@description('Role definition.')
param roleId string

@description('Workspace for the audit log; empty when the vault sends it already.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, renewer.id, roleId)
  properties: {
    roleDefinitionId: roleId
    principalId: renewer.principalId
    principalType: 'ServicePrincipal'
  }
}

module audit 'vault-audit.bicep' = if (!empty(workspaceId)) {
  name: take('audit-${vaultName}', 64)
  params: { vaultName: vaultName, workspaceId: workspaceId }
}
