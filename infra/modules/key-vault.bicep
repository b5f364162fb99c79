// A new vault: roles instead of access policies, nothing is lost for 90 days, closed to the public where there is a network.

@description('Name of the vault: 3 to 24 letters, digits and hyphens, unique in the world.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('premium keeps keys in an HSM.')
@allowed(['standard', 'premium'])
param sku string = 'standard'

@description('true: reached by private endpoints alone, and by trusted services such as App Service.')
param isPrivate bool

@description('Addresses that may reach the vault besides, CIDR. Empty without a network: every address, with a role.')
param allowedAddresses string[]

@description('true: the vault cannot be deleted while the lock is there.')
param lock bool

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: sku }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate && empty(allowedAddresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: isPrivate || !empty(allowedAddresses) ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
      ipRules: [for address in allowedAddresses: { value: address }]
    }
  }
}

resource keep 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  scope: vault
  name: 'perennial-vault'
  properties: {
    level: 'CanNotDelete'
    notes: 'Certificates under the care of Perennial.'
  }
}

@description('Resource id of the vault.')
output id string = vault.id
