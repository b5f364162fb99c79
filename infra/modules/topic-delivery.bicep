// What the identity of a system topic needs in the group of the app: to send into the queue, to put dead letters down.
import { eventDelivery } from '../types.bicep'

@description('Resource ids of the topics, in the order of their principals.')
param topicIds string[]

@description('Object ids of the identities of the topics.')
param topicPrincipalIds string[]

@description('Name of the storage account with the queue.')
param queueAccount string

@description('Name of the queue.')
param queueName string

@description('How events arrive.')
param delivery eventDelivery

@description('Name of the storage account with the dead letters.')
param deadLetterAccount string

@description('Name of the container for dead letters.')
param deadLetterContainer string

var builtIn = loadJsonContent('../roles/built-in.json')

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' existing = {
  name: '${queueAccount}/default/${queueName}'
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' existing = {
  name: '${deadLetterAccount}/default/${deadLetterContainer}'
}

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (topicId, index) in topicIds: if (delivery == 'queue') {
  scope: queue
  name: guid(queue.id, topicId, builtIn.storageQueueDataMessageSender.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageQueueDataMessageSender.id)
    principalId: topicPrincipalIds[index]
    principalType: 'ServicePrincipal'
  }
}]

resource putDown 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (topicId, index) in topicIds: {
  scope: container
  name: guid(container.id, topicId, builtIn.storageBlobDataContributor.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageBlobDataContributor.id)
    principalId: topicPrincipalIds[index]
    principalType: 'ServicePrincipal'
  }
}]
