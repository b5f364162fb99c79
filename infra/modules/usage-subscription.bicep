// Lets the reader see where certificates are used in one subscription.
import { identityRef } from '../parts.bicep'

targetScope = 'subscription'

@description('The identity that reads.')
param reader identityRef

@description('Role definition of the reader.')
param roleId string

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, reader.id, roleId)
  properties: {
    roleDefinitionId: roleId
    principalId: reader.principalId
    principalType: 'ServicePrincipal'
  }
}
