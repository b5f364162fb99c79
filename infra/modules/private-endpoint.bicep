// One private endpoint, and its name in the zone.

@description('Name of the endpoint.')
param name string

@description('Region of the network.')
param location string

@description('Tags of every resource.')
param tags object

@description('Subnet of the endpoints.')
param subnetId string

@description('Resource id of what is reached.')
param targetId string

@description('The part of it that is reached.')
@allowed(['vault', 'blob', 'queue', 'table', 'sites'])
param groupId string

@description('Private DNS zone.')
param zoneId string

resource endpoint 'Microsoft.Network/privateEndpoints@2025-09-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: { privateLinkServiceId: targetId, groupIds: [groupId] }
      }
    ]
  }

  resource names 'privateDnsZoneGroups' = {
    name: 'default'
    properties: { privateDnsZoneConfigs: [{ name: groupId, properties: { privateDnsZoneId: zoneId } }] }
  }
}
