// The app's own roles: exactly the actions of the files in infra/roles, which the tests read too. A role definition belongs
// to the whole tenant; where it may be assigned is said by its assignable scopes.
import { existingRoleIds } from '../types.bicep'

@description('Tells the roles of this deployment from those of others: role names are unique in a tenant.')
param label string

@description('Resource ids of the groups in which the roles may be assigned.')
param assignableScopes string[]

var files = [
  loadJsonContent('../roles/certificate-renewer.json')
  loadJsonContent('../roles/ca-signer.json')
  loadJsonContent('../roles/app-service-deployer.json')
  loadJsonContent('../roles/estate-keeper.json')
  loadJsonContent('../roles/journal-writer.json')
  loadJsonContent('../roles/config-reader.json')
  loadJsonContent('../roles/log-reader.json')
  loadJsonContent('../roles/crl-publisher.json')
  loadJsonContent('../roles/issuer-credentials.json')
  loadJsonContent('../roles/dns-prover.json')
  loadJsonContent('../roles/gateway-deployer.json')
  loadJsonContent('../roles/machine-deployer.json')
  loadJsonContent('../roles/cluster-deployer.json')
  loadJsonContent('../roles/cluster-command.json')
  loadJsonContent('../roles/scale-set-deployer.json')
  loadJsonContent('../roles/usage-reader.json')
  loadJsonContent('../roles/scale-set-model-deployer.json')
]

resource definitions 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [for file in files: {
  name: guid(resourceGroup().id, label, file.name)
  properties: {
    type: 'CustomRole'
    roleName: '${file.roleName} (${label})'
    description: file.description
    assignableScopes: assignableScopes
    permissions: [
      {
        actions: file.actions
        notActions: []
        dataActions: file.dataActions
        notDataActions: []
      }
    ]
  }
}]

@description('Resource ids of the definitions.')
output ids existingRoleIds = {
  certificateRenewer: definitions[0].id
  caSigner: definitions[1].id
  appServiceDeployer: definitions[2].id
  estateKeeper: definitions[3].id
  journalWriter: definitions[4].id
  configReader: definitions[5].id
  logReader: definitions[6].id
  crlPublisher: definitions[7].id
  issuerCredentials: definitions[8].id
  dnsProver: definitions[9].id
  gatewayDeployer: definitions[10].id
  machineDeployer: definitions[11].id
  clusterDeployer: definitions[12].id
  clusterCommand: definitions[13].id
  scaleSetDeployer: definitions[14].id
  usageReader: definitions[15].id
  scaleSetModelDeployer: definitions[16].id
}
