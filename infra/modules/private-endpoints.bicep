// Every private endpoint of the private profile: the app, its two storage accounts, the vaults.

@description('First part of every name.')
param prefix string

@description('Region of the network.')
param location string

@description('Tags of every resource.')
param tags object

@description('Subnet of the endpoints.')
param subnetId string

@description('Private DNS zones.')
param zoneIds { vault: string, blob: string, queue: string, table: string, sites: string }

@description('Resource id of the app.')
param siteId string

@description('Resource id of the storage of the host.')
param hostAccountId string

@description('Resource id of the storage of the records.')
param recordsAccountId string

@description('Resource ids of the vaults. Whoever deploys has to be allowed to approve endpoints there.')
param vaultIds string[]

var fixed = [
  { name: 'app', targetId: siteId, groupId: 'sites', zoneId: zoneIds.sites }
  { name: 'host-blob', targetId: hostAccountId, groupId: 'blob', zoneId: zoneIds.blob }
  { name: 'host-queue', targetId: hostAccountId, groupId: 'queue', zoneId: zoneIds.queue }
  { name: 'host-table', targetId: hostAccountId, groupId: 'table', zoneId: zoneIds.table }
  { name: 'records-blob', targetId: recordsAccountId, groupId: 'blob', zoneId: zoneIds.blob }
  { name: 'records-table', targetId: recordsAccountId, groupId: 'table', zoneId: zoneIds.table }
]
var ofVaults = map(vaultIds, id => { name: last(split(id, '/')), targetId: id, groupId: 'vault', zoneId: zoneIds.vault })

module endpoints 'private-endpoint.bicep' = [for one in concat(fixed, ofVaults): {
  name: take('endpoint-${one.name}', 64)
  params: {
    name: '${prefix}-${one.name}'
    location: location
    tags: tags
    subnetId: subnetId
    targetId: one.targetId
    groupId: one.groupId
    zoneId: one.zoneId
  }
}]
