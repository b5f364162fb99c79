// Log Analytics and Application Insights. Telemetry is taken from identities only: there is no key to leak.
import { identityRefs } from '../parts.bicep'

@description('First part of every name.')
param prefix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param retentionDays int

@description('The identities of the app.')
param identities identityRefs

@description('Resource id of the role that reads the tables of the audit.')
param logReaderRoleId string

var builtIn = loadJsonContent('../roles/built-in.json')

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: '${prefix}-logs'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${prefix}-insights'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource publish 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, identities.host.id, builtIn.monitoringMetricsPublisher.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.monitoringMetricsPublisher.id)
    principalId: identities.host.principalId
    principalType: 'ServicePrincipal'
  }
}

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: workspace
  name: guid(workspace.id, identities.reader.id, logReaderRoleId)
  properties: {
    roleDefinitionId: logReaderRoleId
    principalId: identities.reader.principalId
    principalType: 'ServicePrincipal'
  }
}

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Id by which the workspace is queried.')
output customerId string = workspace.properties.customerId

@description('Connection string of Application Insights. It names the place; without a token of an identity it opens nothing.')
output connectionString string = insights.properties.ConnectionString
