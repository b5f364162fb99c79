// Lets the deployer renew the certificates of App Service sites in one resource group.
import { identityRef } from '../parts.bicep'

@description('The identity that deploys.')
param deployer identityRef

@description('Role definition of the deployer.')
param deployerRoleId string

resource deploy 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, deployer.id, deployerRoleId)
  properties: {
    roleDefinitionId: deployerRoleId
    principalId: deployer.principalId
    principalType: 'ServicePrincipal'
  }
}
