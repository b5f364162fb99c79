// Lets the deployer deploy to the targets of one resource group.
import { identityRef } from '../parts.bicep'

@description('The identity that deploys.')
param deployer identityRef

@description('Role definitions of the deployer: one for each kind of target that is there.')
param deployerRoleIds string[]

resource deploy 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for roleId in deployerRoleIds: {
  name: guid(resourceGroup().id, deployer.id, roleId)
  properties: {
    roleDefinitionId: roleId
    principalId: deployer.principalId
    principalType: 'ServicePrincipal'
  }
}]
