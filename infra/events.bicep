// Second deployment, after the code: subscribes the app to the events of every vault. Event Grid asks whether the function is
// there, so that this cannot be a part of the first one.
import { eventWiring } from 'parts.bicep'

@description('Output EVENT_WIRING of the first deployment.')
param wiring eventWiring

module subscriptions 'modules/event-subscriptions.bicep' = [for vault in wiring.vaults: {
  name: take('events-${vault.name}', 64)
  scope: resourceGroup(vault.subscriptionId, vault.resourceGroup)
  params: { topicName: vault.topic, wiring: wiring }
}]

@description('Names of the vaults whose events arrive now.')
output connectedVaults string[] = map(wiring.vaults, vault => vault.name)
