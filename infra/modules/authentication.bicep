// Sign-in with Microsoft Entra ID in front of the app. Event Grid calls the webhook of the Functions runtime with a system key
// and no token: that path is left out of the sign-in, or no event would ever arrive. The webhook of Durable Functions stays
// behind the sign-in: its status addresses are for nobody outside.
import { authenticationOptions } from '../types.bicep'

@description('Name of the function app.')
param siteName string

@description('The app registration and who may call.')
param options authenticationOptions

var applications = options.?allowedApplications ?? []

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: siteName
}

resource signIn 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/runtime/webhooks/eventgrid']
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: options.clientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: union(['api://${options.clientId}', options.clientId], options.?allowedAudiences ?? [])
          defaultAuthorizationPolicy: { allowedApplications: empty(applications) ? null : applications }
        }
      }
    }
    login: { tokenStore: { enabled: false } }
  }
}
