// The Durable Task Scheduler, for those who choose it as the Durable backend. It takes identities only.
import { identityRef } from '../parts.bicep'
import { schedulerOptions } from '../types.bicep'

@description('First part of every name.')
param prefix string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Size, addresses and retention.')
param options schedulerOptions

@description('The identity that runs the host.')
param host identityRef

@description('Name of the task hub.')
param hubName string

var builtIn = loadJsonContent('../roles/built-in.json')
var sku = options.?sku ?? 'Consumption'

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: '${prefix}-scheduler'
  location: location
  tags: tags
  properties: {
    ipAllowlist: options.?ipAllowlist ?? ['0.0.0.0/0']
    sku: sku == 'Dedicated' ? { name: sku, capacity: options.?capacity ?? 1 } : { name: sku }
  }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  name: hubName
}

resource retention 'Microsoft.DurableTask/schedulers/retentionPolicies@2026-02-01' = {
  parent: scheduler
  name: 'default'
  properties: {
    retentionPolicies: [for state in ['Completed', 'Failed', 'Terminated']: {
      retentionPeriodInDays: options.?retentionDays ?? 30
      orchestrationState: state
    }]
  }
}

resource work 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: hub
  name: guid(hub.id, host.id, builtIn.durableTaskDataContributor.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.durableTaskDataContributor.id)
    principalId: host.principalId
    principalType: 'ServicePrincipal'
  }
}

@description('Endpoint of the scheduler.')
output endpoint string = scheduler.properties.endpoint
