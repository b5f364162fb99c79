// The network of the private profile: a subnet for the app, one for the endpoints, and the zones that name them.
import { networkProfile } from '../types.bicep'

@description('First part of every name.')
param prefix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Address space, and a hub to link the zones to.')
param profile networkProfile

var storageSuffix = environment().suffixes.storage
var zoneNames = [
  // Of .vault.azure.net and its like in other clouds.
  replace(environment().suffixes.keyvaultDns, '.vault.', 'privatelink.vaultcore.')
  'privatelink.blob.${storageSuffix}'
  'privatelink.queue.${storageSuffix}'
  'privatelink.table.${storageSuffix}'
  'privatelink.azurewebsites.net'
]
var hub = profile.?hubNetworkId ?? ''

resource network 'Microsoft.Network/virtualNetworks@2025-09-01' = {
  name: '${prefix}-network'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [profile.addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(profile.addressPrefix, 26, 0)
          delegations: [{ name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(profile.addressPrefix, 26, 1)
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [for zone in zoneNames: {
  name: zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (zone, index) in zoneNames: {
  parent: zones[index]
  name: 'app'
  location: 'global'
  tags: tags
  properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
}]

resource hubLinks 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (zone, index) in zoneNames: if (!empty(hub)) {
  parent: zones[index]
  name: 'hub'
  location: 'global'
  tags: tags
  properties: { registrationEnabled: false, virtualNetwork: { id: hub } }
}]

@description('Subnet of the app.')
output appSubnetId string = '${network.id}/subnets/app'

@description('Subnet of the private endpoints.')
output endpointSubnetId string = '${network.id}/subnets/endpoints'

@description('Private DNS zones by the group id of what they name.')
output zoneIds { vault: string, blob: string, queue: string, table: string, sites: string } = {
  vault: zones[0].id
  blob: zones[1].id
  queue: zones[2].id
  table: zones[3].id
  sites: zones[4].id
}
