// Lets the deployer write the TXT records of one DNS zone by which an ACME CA sees that names are ours.
import { identityRef } from '../parts.bicep'

@description('Name of the zone.')
param zoneName string

@description('The identity that deploys.')
param deployer identityRef

@description('Role definition.')
param roleId string

resource zone 'Microsoft.Network/dnsZones@2018-05-01' existing = {
  name: zoneName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: zone
  name: guid(zone.id, deployer.id, roleId)
  properties: {
    roleDefinitionId: roleId
    principalId: deployer.principalId
    principalType: 'ServicePrincipal'
  }
}
