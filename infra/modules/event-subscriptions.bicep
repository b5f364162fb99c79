// The events of one vault, connected: to the function or the queue, and expiries to the action groups. The function has to be
// there before, which is why this belongs to the second deployment.
import { eventWiring } from '../parts.bicep'

@description('Name of the system topic of the vault.')
param topicName string

@description('What the first deployment made.')
param wiring eventWiring

var deadLetterDestination = {
  endpointType: 'StorageBlob'
  properties: { resourceId: wiring.deadLetterAccountId, blobContainerName: wiring.deadLetterContainer }
}

// A certificate raises the events of its key and its secret as well: only those of the certificate are taken.
var certificateEvents = [
  'Microsoft.KeyVault.CertificateNearExpiry'
  'Microsoft.KeyVault.CertificateExpired'
  'Microsoft.KeyVault.CertificateNewVersionCreated'
]

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource toFunction 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = if (wiring.delivery == 'function') {
  parent: topic
  name: 'perennial-function'
  properties: {
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: '${wiring.functionAppId}/functions/certificateEvent'
        maxEventsPerBatch: 1
        preferredBatchSizeInKilobytes: 64
      }
    }
    eventDeliverySchema: 'EventGridSchema'
    filter: { includedEventTypes: certificateEvents }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: { identity: { type: 'SystemAssigned' }, deadLetterDestination: deadLetterDestination }
  }
}

resource toQueue 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = if (wiring.delivery == 'queue') {
  parent: topic
  name: 'perennial-queue'
  properties: {
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: wiring.queueAccountId
          queueName: wiring.queueName
          queueMessageTimeToLiveInSeconds: 604800
        }
      }
    }
    eventDeliverySchema: 'EventGridSchema'
    filter: { includedEventTypes: certificateEvents }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: { identity: { type: 'SystemAssigned' }, deadLetterDestination: deadLetterDestination }
  }
}

// Needs no code of ours, and so speaks up when all of it is down. Azure Monitor takes CloudEvents only.
resource expired 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = if (!empty(wiring.actionGroupIds)) {
  parent: topic
  name: 'perennial-expired'
  properties: {
    destination: {
      endpointType: 'MonitorAlert'
      properties: {
        severity: 'Sev0'
        actionGroups: wiring.actionGroupIds
        description: 'A certificate has expired. Look at its renewals: docs/operations.md, alert certificate-expired.'
      }
    }
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: { includedEventTypes: ['Microsoft.KeyVault.CertificateExpired'] }
  }
}
