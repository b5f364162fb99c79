// A whole environment: vaults in two subscriptions, a CA, private endpoints, copies in the paired region, locks, a second region.
using './main.bicep'

param name = 'perennial'
param location = 'westeurope'
param resourceGroupName = 'rg-perennial-prod'
param tags = {
  environment: 'prod'
  owner: 'team-certificates@contoso.example'
}
param vaults = [
  {
    name: 'contoso-web'
    subscriptionId: '11111111-2222-3333-4444-555555555555'
    resourceGroup: 'web'
  }
  {
    name: 'contoso-shop'
    subscriptionId: '66666666-7777-8888-9999-000000000000'
    resourceGroup: 'shop'
    // It had a system topic before: a vault can have only one.
    existingTopic: 'contoso-shop-events'
  }
]
param caVaults = [
  {
    name: 'contoso-ca'
    subscriptionId: '11111111-2222-3333-4444-555555555555'
    resourceGroup: 'ca'
    crls: { storageAccount: 'contosocrl', container: 'crl', resourceGroup: 'ca' }
  }
]
// What the app shows issuers, in a vault of its own: the app may read every secret there.
param credentialVaults = [
  {
    name: 'contoso-issuers'
    subscriptionId: '11111111-2222-3333-4444-555555555555'
    resourceGroup: 'ca'
  }
]
param dnsZones = [
  {
    name: 'contoso.example'
    subscriptionId: '11111111-2222-3333-4444-555555555555'
    resourceGroup: 'dns'
  }
]
param targetGroups = [
  {
    subscriptionId: '11111111-2222-3333-4444-555555555555'
    resourceGroup: 'web'
  }
  {
    subscriptionId: '66666666-7777-8888-9999-000000000000'
    resourceGroup: 'shop'
  }
]
param usageSubscriptions = [
  '11111111-2222-3333-4444-555555555555'
  '66666666-7777-8888-9999-000000000000'
]
param app = {
  nodeVersion: '22'
  alwaysReadyDurable: 1
}
param network = { addressPrefix: '10.42.0.0/24' }
param records = {
  redundancy: 'Standard_RAGZRS'
  immutabilityDays: 2555
}
param secondRegion = {
  location: 'northeurope'
  vaultName: 'contoso-web-standby'
  storage: true
}
param notify = { emails: ['team-certificates@contoso.example'] }
// Of your tenant: az ad sp show --id abfa0a7c-a6b6-4736-8310-5855508787cd --query id
param appServicePrincipalId = '00000000-0000-0000-0000-000000000001'
param logRetentionDays = 365
param lock = true
