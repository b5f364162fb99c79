// What a vault of the estate needs, in the group that it lives in: a role for the renewer, one for App Service, the system
// topic, and an alert on events that were not delivered. The subscription to the events is made by the second deployment.
import { identityRef } from '../parts.bicep'

@description('Name of the vault.')
param vaultName string

@description('Region of the vault and its topic.')
param location string

@description('Tags of the resources made here.')
param tags object

@description('Name of the system topic of the vault, existing or not.')
param topicName string

@description('true: the topic exists and is left as it is.')
param topicExists bool

@description('The identity that renews.')
param renewer identityRef

@description('Role definition of the renewer.')
param renewerRoleId string

@description('Object id of the App Service resource provider in this tenant; empty when no target is App Service.')
param appServicePrincipalId string

@description('Workspace for the audit log.')
param workspaceId string

@description('Action groups that hear of dead letters.')
param actionGroupIds string[]

@description('false makes the alert switched off.')
param alertsEnabled bool

var builtIn = loadJsonContent('../roles/built-in.json')

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource renew 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, renewer.id, renewerRoleId)
  properties: {
    roleDefinitionId: renewerRoleId
    principalId: renewer.principalId
    principalType: 'ServicePrincipal'
  }
}

resource appService 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(appServicePrincipalId)) {
  scope: vault
  name: guid(vault.id, appServicePrincipalId, builtIn.keyVaultCertificateUser.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.keyVaultCertificateUser.id)
    principalId: appServicePrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource madeTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (!topicExists) {
  name: topicName
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: { source: vault.id, topicType: 'Microsoft.KeyVault.vaults' }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = if (topicExists) {
  name: topicName
}

module audit 'vault-audit.bicep' = {
  name: take('audit-${vaultName}', 64)
  params: { vaultName: vaultName, workspaceId: workspaceId }
}

resource undelivered 'Microsoft.Insights/metricAlerts@2026-01-01' = [for metric in ['DeadLetteredCount', 'DroppedEventCount']: {
  name: '${topicName}-${metric}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid gave up on an event of the vault ${vaultName}. The sweep renews without it; the path of the events needs a look.'
    severity: 2
    enabled: alertsEnabled
    scopes: [resourceId('Microsoft.EventGrid/systemTopics', topicName)]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'undelivered'
          metricName: metric
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [for id in actionGroupIds: { actionGroupId: id }]
  }
  dependsOn: [madeTopic]
}]

@description('Resource id of the vault.')
output vaultId string = vault.id

@description('Object id of the identity of the topic.')
output topicPrincipalId string = topicExists ? topic!.identity.principalId : madeTopic!.identity.principalId

@description('Resource id of the topic.')
output topicId string = resourceId('Microsoft.EventGrid/systemTopics', topicName)
