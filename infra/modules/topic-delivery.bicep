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

resource events 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: queueAccount

  resource queues 'queueServices' existing = {
    name: 'default'

    resource queue 'queues' existing = {
      name: queueName
    }
  }
}

resource letters 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: deadLetterAccount

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource container 'containers' existing = {
      name: deadLetterContainer
    }
  }
}

resource send 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (topicId, index) in topicIds: if (delivery == 'queue') {
  scope: events::queues::queue
  name: guid(events::queues::queue.id, topicId, builtIn.storageQueueDataMessageSender.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageQueueDataMessageSender.id)
    principalId: topicPrincipalIds[index]
    principalType: 'ServicePrincipal'
  }
}]

resource putDown 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (topicId, index) in topicIds: {
  scope: letters::blobs::container
  name: guid(letters::blobs::container.id, topicId, builtIn.storageBlobDataContributor.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', builtIn.storageBlobDataContributor.id)
    principalId: topicPrincipalIds[index]
    principalType: 'ServicePrincipal'
  }
}]
