// A first environment to try things in: one new vault, scale to zero, public endpoints, cheapest storage.
using './main.bicep'

param name = 'perennial'
param location = 'westeurope'
param resourceGroupName = 'rg-perennial-dev'
param tags = { environment: 'dev' }
param vaults = [
  {
    // Names of vaults are unique in the world: change it.
    name: 'contoso-web-dev'
    resourceGroup: 'rg-perennial-dev'
    create: true
  }
]
param records = {
  redundancy: 'Standard_LRS'
  immutabilityDays: 1
  softDeleteDays: 7
}
param alerts = { enabled: false }
param logRetentionDays = 30
