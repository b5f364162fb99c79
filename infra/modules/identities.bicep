// One identity a duty. In one app this keeps roles small and the audit readable; it is no wall: code that runs in the app
// can get a token for each of them.
import { identityRefs } from '../parts.bicep'

@description('First part of every name.')
param prefix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

resource host 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${prefix}-host'
  location: location
  tags: tags
}

resource renewer 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${prefix}-renewer'
  location: location
  tags: tags
}

resource deployer 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${prefix}-deployer'
  location: location
  tags: tags
}

resource reader 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${prefix}-reader'
  location: location
  tags: tags
}

@description('The identities, by duty.')
output identities identityRefs = {
  host: { id: host.id, clientId: host.properties.clientId, principalId: host.properties.principalId }
  renewer: { id: renewer.id, clientId: renewer.properties.clientId, principalId: renewer.properties.principalId }
  deployer: { id: deployer.id, clientId: deployer.properties.clientId, principalId: deployer.properties.principalId }
  reader: { id: reader.id, clientId: reader.properties.clientId, principalId: reader.properties.principalId }
}
